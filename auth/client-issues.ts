import type { Issue } from '../resources/errors.ts';
import type { Json, JsonObject } from '../resources/json/value.ts';
import { clientKeyIssues } from './client-key-issues.ts';
import { isScopeToken } from './scopes.ts';

/** What is wrong with a Client beyond its structure: its scopes, its origins and its keys. */
export function clientIssues(client: JsonObject): Issue[] {
  return [
    ...listIssues(client, 'scope', isScopeToken, 'A scope is one word without spaces or quotes (RFC 6749 §3.3).'),
    ...listIssues(client, 'allowed_origins', isOrigin, 'An origin is scheme://host or scheme://host:port, no more.'),
    ...clientKeyIssues(client),
  ];
}

function listIssues(client: JsonObject, name: string, isGood: (text: string) => boolean, message: string): Issue[] {
  const listed: Json[] = Array.isArray(client[name]) ? client[name] : [];
  return listed.flatMap((value, at): Issue[] => {
    // What is no text is told of with the structure.
    if (typeof value !== 'string' || isGood(value)) return [];
    return [{ severity: 'error', code: 'value', diagnostics: message, expression: [`Client.${name}[${at}]`] }];
  });
}

/** A serialized origin as a browser sends it (RFC 6454 §6.2): for http and https in its one spelling. */
function isOrigin(text: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\]+$/.test(text) || !URL.canParse(text)) return false;
  const { protocol, origin } = new URL(text);
  return !['http:', 'https:'].includes(protocol) || origin === text;
}
