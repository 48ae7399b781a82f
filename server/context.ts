import type { DefaultContext, Middleware, ParameterizedContext } from 'koa';
import type { Principal } from '../auth/principal.ts';

/** What is known about a request before it reaches its endpoint. */
export interface RequestState {
  /** Echoed as `X-Request-Id`. */
  requestId: string;
  /** True if the URL cannot be parsed, for example because its host is invalid. */
  unreadable?: true;
  /** The base of links in the response: BASE_URL, or BASE_URL/fhir for a request that came in there. */
  base: string;
  /** The network address of the caller, as seen through trusted proxies. */
  address: string;
  /** When the wait of the request began, in milliseconds of `performance.now`. A busy event loop may see it later. */
  since: number;
  /** Set once the credentials have been checked. */
  principal?: Principal;
  /** The form of a search by POST, once it is parsed; its parameters mean the same as those in the query. */
  form?: readonly [name: string, value: string][];
  /** True once an endpoint that audits its own rejections, because it knows more about them, has the request. */
  auditsItself?: boolean;
}

export type Context = ParameterizedContext<RequestState, DefaultContext>;
export type Step = Middleware<RequestState, DefaultContext>;
