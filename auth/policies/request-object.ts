import type { JudgedBy } from '../../resources/engine.ts';
import type { Json, JsonObject } from '../../resources/json/value.ts';
import { isEmpty } from '../../resources/search/index/text.ts';
import type { Principal } from '../principal.ts';

/** A request to be judged. */
export interface AccessRequest {
  principal: Principal;
  /** What it does: `{Type}.{interaction}`, or a word such as `introspect` for what concerns no resource. */
  operation: string;
  /** In any case. */
  method: string;
  /** `http` or `https`. */
  scheme: string;
  /** Path and query, as they are routed and read. */
  url: string;
  /** The resource type and the id that are asked for. */
  type?: string | undefined;
  id?: string | undefined;
  /** The resource as it is stored, where the operation concerns one. */
  resource?: JsonObject | undefined;
  /** The version of it, where it was looked for. */
  judgedBy?: JudgedBy | undefined;
  body?: Json | undefined;
  /** By lower-case name. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The caller's IP address. */
  address: string;
}

/** What the names of members begin with in `params` that say which resource is asked for. */
export const OF_RESOURCE = 'resource/';

/** The object that the engines of policies see. */
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

/** The method in lower case; of HEAD that of the GET whose answer it tells of (RFC 9110 §9.3.2). */
function methodOf(method: string): string {
  const name = method.toLowerCase();
  return name === 'head' ? 'get' : name;
}

/** The path decoded, without the FHIR base and without a slash at its end: one resource has one `uri`. */
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
 * The parameters of a query; one that repeats is a list. One without a value bounds nothing, and is none. None may pass
 * for what the request itself asks for.
 */
function paramsOf(query: string): JsonObject {
  const params = new Map<string, string[]>();
  // One leading `?` is taken off, and is put here: a second belongs to a name, as where the parameters are read.
  for (const [name, value] of new URLSearchParams(`?${query}`)) {
    if (!name.startsWith(OF_RESOURCE) && !isEmpty(value)) params.set(name, [...(params.get(name) ?? []), value]);
  }
  return Object.fromEntries([...params].map(([name, all]) => [name, all.length === 1 ? (all[0] ?? '') : all]));
}

// A policy has no use for credentials, and what it sees could be told by what it lets pass.
const WITHHELD = new Set(['authorization', 'proxy-authorization', 'cookie']);

function headersOf(headers: AccessRequest['headers']): JsonObject {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || WITHHELD.has(name) ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}
