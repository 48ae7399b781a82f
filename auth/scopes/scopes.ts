/** OAuth scopes (https://www.rfc-editor.org/rfc/rfc6749#section-3.3). */
import type { JsonObject } from '../../resources/json/value.ts';
import { OAuthError } from '../errors.ts';
import { strings } from '../settings.ts';
import { permittingScopes, scopesWithoutPatient } from './smart-scopes.ts';

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Returns true for one well-formed scope (RFC 6749 §3.3). */
export function isScopeToken(text: string): boolean {
  return SCOPE_TOKEN.test(text);
}

/** Returns the distinct scopes of a request. Throws `invalid_scope` for a malformed one. */
export function parseScope(text: string | undefined): string[] {
  if (text === undefined) return [];
  const scopes = text.split(' ').filter((scope) => scope !== '');
  if (!scopes.every(isScopeToken)) {
    throw new OAuthError('invalid_scope', 'scope contains a character that is not allowed (RFC 6749 section 3.3).');
  }
  return [...new Set(scopes)];
}

/**
 * Returns the scopes that a Client is granted. A Client that lists scopes gets only those, and all of them if it asks
 * for none, because a token without scopes would reach further. SMART scopes that permit nothing are left out. Throws
 * `invalid_scope`, also if no SMART scope is left.
 */
export function grantedScope(client: JsonObject, asked: string[], forOthers: boolean): string[] {
  const listed = strings(client['scope']);
  if (asked.length === 0) return permitted(listed, forOthers);
  // What a scope means to another server is unknown here, so a scope for it is never granted merely on request.
  const bound = listed.length > 0 || forOthers;
  const refused = bound ? asked.find((scope) => !listed.includes(scope)) : undefined;
  if (refused !== undefined) throw new OAuthError('invalid_scope', `The client may not request the scope ${refused}.`);
  return permitted(asked, forOthers);
}

/** Like `grantedScope`, for grants without a page on which a patient could be selected. */
export function grantedScopeWithoutPatient(client: JsonObject, asked: string[], forOthers: boolean): string[] {
  const granted = grantedScope(client, asked, forOthers);
  const kept = forOthers ? granted : scopesWithoutPatient(granted);
  if (kept) return kept;
  throw new OAuthError('invalid_scope', 'This grant has no patient: request scopes of user/ or system/.');
}

function permitted(scopes: string[], forOthers: boolean): string[] {
  const permitting = forOthers ? scopes : permittingScopes(scopes);
  if (permitting) return permitting;
  throw new OAuthError('invalid_scope', 'None of the SMART scopes permits anything: check their syntax.');
}

/** Returns the scopes of a refreshed token: at most those of the Session (RFC 6749 §6). Throws `invalid_scope`. */
export function narrowedScope(client: JsonObject, given: string[], asked: string[]): string[] {
  const scope = asked.length === 0 ? given : asked;
  const listed = strings(client['scope']);
  const beyond = scope.find((each) => !given.includes(each) || (listed.length > 0 && !listed.includes(each)));
  if (beyond !== undefined) throw new OAuthError('invalid_scope', `The scope ${beyond} exceeds what was granted.`);
  return scope;
}

/** Returns the granted scopes that the Client still lists; all of them if it lists none. */
export function heldScope(client: JsonObject, given: string[]): string[] {
  const listed = strings(client['scope']);
  return listed.length === 0 ? given : given.filter((scope) => listed.includes(scope));
}
