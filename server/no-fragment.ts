import { Failure } from '../resources/errors.ts';
import type { Step } from './context.ts';

/**
 * The address of a request has no fragment (https://www.rfc-editor.org/rfc/rfc9112#section-3.2). What stands behind a
 * `#` would be left out without a word, criteria of a delete among it. Throws `malformed` (400).
 */
export const noFragment: Step = ({ originalUrl }, next) => {
  if (originalUrl.includes('#')) {
    throw new Failure('malformed', 'The address of a request has no "#": write %23 where a value has one.');
  }
  return next();
};
