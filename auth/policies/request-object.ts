import type { JudgedBy } from '../../resources/engine.ts';
import type { Json, JsonObject } from '../../resources/json/value.ts';
import { isEmpty } from '../../resources/search/index/text.ts';
import type { Principal } from '../principal.ts';

/** A request to be judged. */
export interface AccessRequest {
  principal: Principal;
  /** Its operation: `{Type}.{interaction}`, or a word such as `introspect` if it concerns no resource. */
  operation: string;
  /** In upper or lower case. */
  method: string;
  /** `http` or `https`. */
  scheme: string;
  /** Path and query, as they are routed and read. */
  url: string;
  /** The requested resource type and id. */
  type?: string | undefined;
  id?: string | undefined;
  /** The stored resource, if the operation concerns one. */
  resource?: JsonObject | undefined;
  /** The version of the stored resource, if it was looked up. */
  judgedBy?: JudgedBy | undefined;
  body?: Json | undefined;
  /** By lower-case name. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The caller's IP address. */
  address: string;
}

/** The prefix of members of `params` that name the requested resource. */
export const OF_RESOURCE = 'resource/';

/** Returns the request object that policy engines see. */
export function requestObject(request: AccessRequest): JsonObject {
  const { principal, operation, method, scheme, url, type, id, resource, body, address } = request;
  const mark = url.indexOf('?');
  const query = mark === -1 ? '' : url.slice(mark + 1);
  const token = principal.kind === 'anonymous' ? undefined : principal.token;
  return {
    'request-method': methodOf(method),
    scheme,
    uri: uriOf(mark === -1 ? url : url.slice(0, mark)),
    'query-string': query,
    params: {
      ...paramsOf(query),
      ...(type === undefined ? {} : { 'resource/type': type }),
      ...(id === undefined ? {} : { 'resource/id': id }),
    },
    ...(resource === undefined ? {} : { resource }),
    ...(body === undefined ? {} : { body }),
    ...(token?.claims === undefined ? {} : { jwt: token.claims }),
    ...(principal.kind === 'user' ? { user: principal.user } : {}),
    ...(principal.kind === 'anonymous' ? {} : { client: principal.client }),
    operation: { id: operation },
    headers: headersOf(request.headers),
    'remote-addr': address,
  };
}

/**
 * Returns the method in lower case. HEAD counts as GET, because its response has the same headers (RFC 9110 §9.3.2).
 */
function methodOf(method: string): string {
  const name = method.toLowerCase();
  return name === 'head' ? 'get' : name;
}

/** Returns the decoded path without the FHIR base and a trailing slash, so that a resource has only one `uri`. */
function uriOf(path: string): string {
  const plain = decoded(path)
    .replace(/\/{2,}/g, '/')
    .replace(/(?<=.)\/$/, '');
  return plain.replace(/^\/fhir(?=\/|$)/, '') || '/';
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * Returns the query parameters; a repeated one is a list. One without a value restricts nothing and is left out. None
 * may pose as the requested resource.
 */
function paramsOf(query: string): JsonObject {
  const params = new Map<string, string[]>();
  // `URLSearchParams` removes one leading `?`, so one is added: a second belongs to the name, as it does for the
  // search.
  for (const [name, value] of new URLSearchParams(`?${query}`)) {
    if (!name.startsWith(OF_RESOURCE) && !isEmpty(value)) params.set(name, [...(params.get(name) ?? []), value]);
  }
  return Object.fromEntries([...params].map(([name, all]) => [name, all.length === 1 ? (all[0] ?? '') : all]));
}

// No policy needs credentials, and its decisions could reveal what it sees.
const WITHHELD = new Set(['authorization', 'proxy-authorization', 'cookie']);

function headersOf(headers: AccessRequest['headers']): JsonObject {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || WITHHELD.has(name) ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}
