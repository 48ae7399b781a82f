/** What the endpoints for people share: they are asked by browsers, and answer with pages. */
import { NO_STORE, OAuthError } from '../errors.ts';
import type { PageAnswer } from '../pages/page.ts';
import { type AuthRequest, queryOf, requireMethod } from './exchange.ts';
import type { Pair } from './parameters.ts';

/** What a browser is answered: a page, or where to go on. Throws an OAuthError or a Failure for the person alone. */
export type BrowserEndpoint = (request: AuthRequest) => Promise<BrowserAnswer>;

export type BrowserAnswer = PageAnswer | { status: number; headers: Record<string, string>; page: undefined };

/** What a browser sent: the query of a GET, the form of a POST. Throws an OAuthError for anything else. */
export function pairsOf(request: AuthRequest): Pair[] {
  requireMethod(request, ['GET', 'HEAD', 'POST']);
  if (request.method !== 'POST') return [...queryOf(request)];
  const { body } = request;
  if (body === undefined) return [];
  if ('form' in body) return body.form;
  throw new OAuthError('unsupported_media_type', 'Send a form.');
}

/** Sends a browser on, by GET: no form goes along. */
export function sentOn(location: string): BrowserAnswer {
  return { status: SEE_OTHER, headers: { ...NO_STORE, Location: location }, page: undefined };
}

const SEE_OTHER = 303;
/** What servers and proxies take of an address, with room for other headers. */
const LONGEST_ADDRESS = 8_000;

/**
 * Has a browser ask again by GET. A form that another site has it send comes without our cookie, and an answer with a
 * new one would sign the person out; a GET comes with it (RFC 6265bis, `SameSite=Lax`). The address is relative: a page
 * may be reached by another name of this server than BASE_URL. Throws `request_too_large`.
 */
export function askedAgain(endpoint: string, pairs: readonly Pair[]): BrowserAnswer {
  const location = pairs.length === 0 ? endpoint : `${endpoint}?${new URLSearchParams([...pairs])}`;
  if (location.length <= LONGEST_ADDRESS) return sentOn(location);
  throw new OAuthError('request_too_large', 'The request is too long for an address.');
}
