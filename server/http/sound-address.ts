import { Failure } from '../../resources/errors.ts';
import type { Step } from '../context.ts';
import { timesOf } from './raw-headers.ts';

/**
 * Rejects with `malformed` (400) a request target with a fragment (https://www.rfc-editor.org/rfc/rfc9112#section-3.2):
 * the part after `#` would be dropped silently, with the criteria of a delete, for example. Also rejects an unreadable
 * target, and two Host headers (§3.2): a proxy may have routed by the other one.
 */
export const soundAddress: Step = ({ originalUrl, req, state }, next) => {
  if (state.unreadable) throw new Failure('malformed', 'The request URL is invalid.');
  if (originalUrl.includes('#')) {
    throw new Failure('malformed', 'The request URL must not contain "#": write %23 in values.');
  }
  if (timesOf(req.rawHeaders, 'host') > 1)
    throw new Failure('malformed', 'A request must have exactly one Host header.');
  return next();
};
