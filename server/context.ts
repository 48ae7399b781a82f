import type { DefaultContext, Middleware, ParameterizedContext } from 'koa';
import type { Principal } from '../auth/principal.ts';

/** What is known of a request before it reaches its endpoint. */
export interface RequestState {
  /** Echoed as `X-Request-Id`. */
  requestId: string;
  /** True where the address cannot be read, as one with a host that is none. */
  unreadable?: true;
  /** The base of the request's links: BASE_URL, or BASE_URL/fhir where it came in there. */
  base: string;
  /** The caller's network address, behind trusted proxies. */
  address: string;
  /** Since when it waits, in milliseconds of the process: the event loop may have come to it late. */
  since: number;
  /** Set once the credentials have been judged. */
  principal?: Principal;
  /** The form of a POSTed search, once it is read: its parameters mean what those of the query do. */
  form?: readonly [name: string, value: string][];
  /** True once it is with an endpoint that tells the audit of its refusals by itself, since it knows more. */
  tellsAudit?: boolean;
}

export type Context = ParameterizedContext<RequestState, DefaultContext>;
export type Step = Middleware<RequestState, DefaultContext>;
