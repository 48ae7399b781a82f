import type { JsonObject } from '../../resources/json/value.ts';
import { NO_STORE, OAuthError } from '../errors.ts';
import { Parameters, type ParsedBody } from './parameters.ts';

/** A request as the auth module sees it, whatever framework received it. */
export interface AuthRequest {
  /** In upper case. */
  method: string;
  /** Path and query, as sent. */
  url: string;
  /** By lower-case name. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The caller's IP address. */
  address: string;
  /** Since when it waits, in milliseconds of the process. */
  since: number;
  userAgent: string | undefined;
  body: ParsedBody;
}

/** What is answered; the HTTP shell renders the body by what the caller accepts. */
export interface AuthAnswer {
  status: number;
  headers: Record<string, string>;
  body: JsonObject | undefined;
}

/** An endpoint: answers, or throws an OAuthError or a Failure. */
export type Endpoint = (request: AuthRequest) => Promise<AuthAnswer>;

/** 200 with a body that no cache may keep. */
export function answered(body: JsonObject): AuthAnswer {
  return { status: 200, headers: { ...NO_STORE }, body };
}

/** The value of the Authorization header. */
export function authorizationOf(request: Pick<AuthRequest, 'headers'>): string | undefined {
  return headerOf(request, 'authorization');
}

/** The value of a header, by its lower-case name. */
export function headerOf({ headers }: Pick<AuthRequest, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** The parameters of a POST. Throws `method_not_allowed` or `invalid_request`. */
export function parametersOf(request: AuthRequest): Parameters {
  requireMethod(request, ['POST']);
  return Parameters.read(request.body, queryOf(request));
}

/** Throws `method_not_allowed`, naming what is taken, for any other method. */
export function requireMethod({ method }: Pick<AuthRequest, 'method'>, taken: readonly string[]): void {
  if (taken.includes(method)) return;
  const allow = taken.join(', ');
  throw new OAuthError('method_not_allowed', `This address takes ${allow}.`, { allow });
}

/** The query of the request's URL. */
export function queryOf({ url }: Pick<AuthRequest, 'url'>): URLSearchParams {
  const mark = url.indexOf('?');
  return new URLSearchParams(mark === -1 ? '' : url.slice(mark));
}
