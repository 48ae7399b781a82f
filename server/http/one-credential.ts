/** One credential per request (https://www.rfc-editor.org/rfc/rfc6750#section-3.1, RFC 6749 §2.3). */
import { Denial } from '../../auth/errors.ts';
import type { Step } from '../context.ts';
import { timesOf } from './raw-headers.ts';

/**
 * Rejects a second Authorization header (Node reads the first, a proxy may read the second), and an access token in the
 * query next to the header. Throws a Denial (400).
 */
export const oneCredential: Step = ({ req, querystring }, next) => {
  if (req.headers.authorization === undefined) return next();
  const inQuery = querystring.includes('access_token') && new URLSearchParams(querystring).has('access_token');
  if (inQuery || timesOf(req.rawHeaders, 'authorization') > 1) throw new Denial('several-credentials');
  return next();
};
