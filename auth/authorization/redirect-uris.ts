/** Where the answers of the authorization endpoint may be sent (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §4.1.3). */
import { isObject, type JsonObject } from '../../resources/json/value.ts';
import { strings } from '../settings.ts';

const PRINTABLE = /^[\x21-\x7e]+$/;
/** A host and what follows it, without a user name and without what browsers read as another character. */
const WEB = /^https?:\/\/[^/?@\\]+(?:[/?][^\\]*)?$/;
const LOCAL = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?(?:[/?]|$)/;
/** A scheme that its owner's domain stands in, in reverse (RFC 8252 §7.1): none that browsers know has a dot. */
const PRIVATE_USE = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:\/[^\\]*$/;
/** A loopback address, whose port an app learns only when it listens (RFC 8252 §7.3). */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::\d{1,5})?(?=[/?]|$)/;
/** What answers add to the query, each of which stands there once (RFC 6749 §3.1). */
const ADDED: ReadonlySet<string> = new Set(['code', 'state', 'iss', 'error', 'error_description']);

/** What is wrong with a redirect URI that a Client lists; undefined where nothing is. */
export function redirectUriProblem(uri: string): string | undefined {
  if (!PRINTABLE.test(uri) || !URL.canParse(uri)) return 'A redirect URI is an absolute URI, percent-encoded.';
  if (uri.includes('#')) return 'A redirect URI has no fragment (RFC 6749 §3.1.2).';
  const added = [...new URL(uri).searchParams.keys()].find((name) => ADDED.has(name));
  if (added !== undefined) return `A redirect URI has no ${added} in its query: the answer adds it.`;
  if (PRIVATE_USE.test(uri)) return undefined;
  if (!WEB.test(uri)) {
    return 'A redirect URI is https, http on localhost, or has a scheme with a dot: com.example.app:/callback.';
  }
  if (uri.startsWith('https:') || LOCAL.test(uri)) return undefined;
  return 'A redirect URI is https: http is for localhost, 127.0.0.1 and [::1] alone.';
}

/** The redirect URIs that a Client lists. */
export function redirectUrisOf(client: JsonObject): string[] {
  const auth = isObject(client['auth']) ? client['auth'] : {};
  const grant = isObject(auth['authorization_code']) ? auth['authorization_code'] : {};
  const { redirect_uri: one, redirect_uris: several } = grant;
  return [...(typeof one === 'string' ? [one] : []), ...strings(several)];
}

/** True where a URI is one of those listed, character by character but for the port of a loopback address. */
export function isListed(listed: readonly string[], uri: string): boolean {
  if (listed.includes(uri)) return true;
  const anyPort = withoutPort(uri);
  return anyPort !== undefined && URL.canParse(uri) && listed.some((each) => withoutPort(each) === anyPort);
}

function withoutPort(uri: string): string | undefined {
  return LOOPBACK.test(uri) && !/[#\\\s]/.test(uri) ? uri.replace(LOOPBACK, '$1') : undefined;
}

/** True where any app of a device could have the answer: the address does not say whose it is (RFC 8252 §8.6). */
export function isUnassured(uri: string): boolean {
  return !uri.startsWith('https:');
}

/** A redirect URI with an answer added to its query, which it keeps (RFC 6749 §3.1.2). */
export function withAnswer(uri: string, answer: Record<string, string | undefined>): string {
  const given = Object.entries(answer).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams(given).toString()}`;
}
