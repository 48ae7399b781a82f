/** Shared by the endpoints for people, which serve browsers and answer with pages. */
import { NO_STORE, OAuthError } from '../errors.ts';
import type { PageAnswer } from '../pages/page.ts';
import { type AuthRequest, queryOf, requireMethod } from './exchange.ts';
import type { Pair } from './parameters.ts';

/** Returns a page or a redirect. Throws an OAuthError or a Failure that is shown to the person only. */
export type BrowserEndpoint = (request: AuthRequest) => Promise<BrowserAnswer>;

export type BrowserAnswer = PageAnswer | { status: number; headers: Record<string, string>; page: undefined };

/** Returns what a browser sent: the query of a GET, the form of a POST. Throws an OAuthError for anything else. */
export function pairsOf(request: AuthRequest): Pair[] {
  requireMethod(request, ['GET', 'HEAD', 'POST']);
  if (request.method !== 'POST') return [...queryOf(request)];
  const { body } = request;
  if (body === undefined) return [];
  if ('form' in body) return body.form;
  throw new OAuthError('unsupported_media_type', 'The body must be a form (application/x-www-form-urlencoded).');
}

/** Redirects a browser with GET, so that no form is sent along. */
export function sentOn(location: string): BrowserAnswer {
  return { status: SEE_OTHER, headers: { ...NO_STORE, Location: location }, page: undefined };
}

const SEE_OTHER = 303;
/** The longest address that servers and proxies accept, with room for other headers. */
const LONGEST_ADDRESS = 8_000;

/**
 * Redirects a POST to the same request as GET. A form that another site submits arrives without our cookie, and a
 * response with a new cookie would sign the person out; a GET carries the cookie (RFC 6265bis, `SameSite=Lax`). The
 * address is relative: the page may be reached under another host name than BASE_URL. Throws `request_too_large`.
 */
export function askedAgain(endpoint: string, pairs: readonly Pair[]): BrowserAnswer {
  const location = pairs.length === 0 ? endpoint : `${endpoint}?${new URLSearchParams([...pairs])}`;
  if (location.length <= LONGEST_ADDRESS) return sentOn(location);
  throw new OAuthError('request_too_large', 'The request is too long for a URL.');
}
