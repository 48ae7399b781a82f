import type { Issue } from '../../resources/errors.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { redirectUriProblem } from '../authorization/redirect-uris.ts';
import { isScopeToken } from '../scopes/scopes.ts';
import { clientKeyIssues, type KeySettings } from './client-key-issues.ts';

/** Returns the issues of a Client beyond its structure: its scopes, origins, redirect URIs and keys. */
export function clientIssues(client: JsonObject, settings: KeySettings): Issue[] {
  return [
    ...listIssues(client, 'scope', isScopeToken, 'A scope must be one word without spaces or quotes (RFC 6749 §3.3).'),
    ...listIssues(client, 'allowed_origins', isOrigin, 'An origin must be scheme://host or scheme://host:port.'),
    ...codeIssues(client),
    ...clientKeyIssues(client, settings),
  ];
}

/** Returns the issues of `auth.authorization_code`: invalid redirect URIs, and PKCE switched off. */
function codeIssues({ auth }: JsonObject): Issue[] {
  const grant = isObject(auth) ? auth['authorization_code'] : undefined;
  if (!isObject(grant)) return [];
  const place = 'Client.auth.authorization_code';
  const { redirect_uri: one, redirect_uris: listed, pkce } = grant;
  const several = Array.isArray(listed) ? listed.map((uri, at) => ({ uri, at: `redirect_uris[${at}]` })) : [];
  const issues = [{ uri: one ?? null, at: 'redirect_uri' }, ...several].flatMap(({ uri, at }): Issue[] => {
    const problem = typeof uri === 'string' ? redirectUriProblem(uri) : undefined;
    if (problem === undefined) return [];
    return [{ severity: 'error', code: 'value', diagnostics: problem, expression: [`${place}.${at}`] }];
  });
  if (pkce !== false) return issues;
  const diagnostics = 'PKCE cannot be turned off: omit pkce (RFC 9700 §2.1.1).';
  return [...issues, { severity: 'error', code: 'business-rule', diagnostics, expression: [`${place}.pkce`] }];
}

function listIssues(client: JsonObject, name: string, isGood: (text: string) => boolean, message: string): Issue[] {
  const listed: Json[] = Array.isArray(client[name]) ? client[name] : [];
  return listed.flatMap((value, at): Issue[] => {
    // Values that are not strings are reported with the structure.
    if (typeof value !== 'string' || isGood(value)) return [];
    return [{ severity: 'error', code: 'value', diagnostics: message, expression: [`Client.${name}[${at}]`] }];
  });
}

/** Returns true for a serialized origin as browsers send it (RFC 6454 §6.2); http and https in normalized form. */
function isOrigin(text: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\]+$/.test(text) || !URL.canParse(text)) return false;
  const { protocol, origin } = new URL(text);
  return !['http:', 'https:'].includes(protocol) || origin === text;
}
