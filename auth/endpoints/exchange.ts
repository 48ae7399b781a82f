import type { JsonObject } from '../../resources/json/value.ts';
import { NO_STORE, OAuthError } from '../errors.ts';
import { Parameters, type ParsedBody } from './parameters.ts';

/** A request as the auth module sees it, independent of the HTTP framework. */
export interface AuthRequest {
  /** In upper case. */
  method: string;
  /** Path and query, as sent. */
  url: string;
  /** By lower-case name. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The caller's IP address. */
  address: string;
  /** When it began to wait, in milliseconds of the process's monotonic clock. */
  since: number;
  userAgent: string | undefined;
  body: ParsedBody;
}

/** A response. The HTTP layer renders its body in a format that the caller accepts. */
export interface AuthAnswer {
  status: number;
  headers: Record<string, string>;
  body: JsonObject | undefined;
}

/** An endpoint: returns a response, or throws an OAuthError or a Failure. */
export type Endpoint = (request: AuthRequest) => Promise<AuthAnswer>;

/** Returns status 200 with a body that must not be cached. */
export function answered(body: JsonObject): AuthAnswer {
  return { status: 200, headers: { ...NO_STORE }, body };
}

/** Returns the value of the Authorization header. */
export function authorizationOf(request: Pick<AuthRequest, 'headers'>): string | undefined {
  return headerOf(request, 'authorization');
}

/** Returns the value of a header, by its lower-case name. */
export function headerOf({ headers }: Pick<AuthRequest, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Returns the parameters of a POST. Throws `method_not_allowed` or `invalid_request`. */
export function parametersOf(request: AuthRequest): Parameters {
  requireMethod(request, ['POST']);
  return Parameters.read(request.body, queryOf(request));
}

/** Throws `method_not_allowed` with an `Allow` header unless the method is one of those taken. */
export function requireMethod({ method }: Pick<AuthRequest, 'method'>, taken: readonly string[]): void {
  if (taken.includes(method)) return;
  const allow = taken.join(', ');
  throw new OAuthError('method_not_allowed', `This address accepts ${allow}.`, { allow });
}

/** Returns the query of the request's URL. */
export function queryOf({ url }: Pick<AuthRequest, 'url'>): URLSearchParams {
  const mark = url.indexOf('?');
  return new URLSearchParams(mark === -1 ? '' : url.slice(mark));
}
