/** Validates and matches redirect URIs (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §4.1.3). */
import { isObject, type JsonObject } from '../../resources/json/value.ts';
import { strings } from '../settings.ts';

const PRINTABLE = /^[\x21-\x7e]+$/;
/** A web address without a user name, and without `\`, which browsers read as `/`. */
const WEB = /^https?:\/\/[^/?@\\]+(?:[/?][^\\]*)?$/;
const LOCAL = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?(?:[/?]|$)/;
/**
 * A private-use scheme, which is a reversed domain name of its owner (RFC 8252 §7.1). No scheme built into browsers has
 * a dot.
 */
const PRIVATE_USE = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:\/[^\\]*$/;
/** A loopback address. An app learns its port only when it listens (RFC 8252 §7.3). */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::\d{1,5})?(?=[/?]|$)/;
/** The parameters that responses add to the query. Each must occur only once (RFC 6749 §3.1). */
const ADDED: ReadonlySet<string> = new Set(['code', 'state', 'iss', 'error', 'error_description']);

/** Returns what is wrong with a redirect URI that a Client lists; undefined if nothing is. */
export function redirectUriProblem(uri: string): string | undefined {
  if (!PRINTABLE.test(uri) || !URL.canParse(uri)) return 'A redirect URI must be an absolute URI, percent-encoded.';
  if (uri.includes('#')) return 'A redirect URI must not have a fragment (RFC 6749 §3.1.2).';
  const added = [...new URL(uri).searchParams.keys()].find((name) => ADDED.has(name));
  if (added !== undefined) return `A redirect URI must not have ${added} in its query: the response adds it.`;
  if (PRIVATE_USE.test(uri)) return undefined;
  if (!WEB.test(uri)) {
    return 'A redirect URI must use https, http on localhost, or a scheme with a dot: com.example.app:/callback.';
  }
  if (uri.startsWith('https:') || LOCAL.test(uri)) return undefined;
  return 'A redirect URI must use https; http is allowed only for localhost, 127.0.0.1 and [::1].';
}

/** Returns the redirect URIs that a Client lists. */
export function redirectUrisOf(client: JsonObject): string[] {
  const auth = isObject(client['auth']) ? client['auth'] : {};
  const grant = isObject(auth['authorization_code']) ? auth['authorization_code'] : {};
  const { redirect_uri: one, redirect_uris: several } = grant;
  return [...(typeof one === 'string' ? [one] : []), ...strings(several)];
}

/**
 * Returns true if a URI is listed. It is compared character by character, except for the port of a loopback address.
 */
export function isListed(listed: readonly string[], uri: string): boolean {
  if (listed.includes(uri)) return true;
  const anyPort = withoutPort(uri);
  return anyPort !== undefined && URL.canParse(uri) && listed.some((each) => withoutPort(each) === anyPort);
}

function withoutPort(uri: string): string | undefined {
  return LOOPBACK.test(uri) && !/[#\\\s]/.test(uri) ? uri.replace(LOOPBACK, '$1') : undefined;
}

/**
 * Returns true for a redirect URI that any app on the device could claim, so it does not prove which app answers to it
 * (RFC 8252 §8.6).
 */
export function isUnassured(uri: string): boolean {
  return !uri.startsWith('https:');
}

/** Returns a redirect URI with response parameters added to its query, which is retained (RFC 6749 §3.1.2). */
export function withAnswer(uri: string, answer: Record<string, string | undefined>): string {
  const given = Object.entries(answer).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams(given).toString()}`;
}
