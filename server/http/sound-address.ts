import { Failure } from '../../resources/errors.ts';
import type { Step } from '../context.ts';
import { timesOf } from './raw-headers.ts';

/**
 * The address of a request has no fragment (https://www.rfc-editor.org/rfc/rfc9112#section-3.2). What stands behind a
 * `#` would be left out without a word, criteria of a delete among it. Throws `malformed` (400), for an address that
 * cannot be read, too, and for two Host headers (§3.2): what stands before the server may have gone by the other.
 */
export const soundAddress: Step = ({ originalUrl, req, state }, next) => {
  if (state.unreadable) throw new Failure('malformed', 'The address of the request cannot be read.');
  if (originalUrl.includes('#')) {
    throw new Failure('malformed', 'The address of a request has no "#": write %23 where a value has one.');
  }
  if (timesOf(req.rawHeaders, 'host') > 1) throw new Failure('malformed', 'A request has one Host header.');
  return next();
};
