import type { Auth } from '../auth/auth.ts';
import type { Context } from './context.ts';
import type { Interaction, ResourceRequest } from './resources.ts';

/** Judges a request whose credentials are good; throws a Denial where no policy lets it pass. */
export type Judge = (interaction: Interaction, request: ResourceRequest) => Promise<void>;

/**
 * Reads the credentials of a request: a bad one ends it with 401, before its body is looked at. What it may do is
 * judged with the body, by the Judge that this gives.
 */
export async function guard(auth: Auth, ctx: Context): Promise<Judge> {
  const authorization = ctx.req.headers.authorization;
  const { address } = ctx.state;
  const principal = await auth.authentication.authenticate({ authorization, address });
  ctx.state.principal = principal;
  return (interaction, { type, id, body }) =>
    auth.access.require({
      principal,
      operation: `${type}.${interaction}`,
      method: ctx.method,
      scheme: ctx.state.base.slice(0, ctx.state.base.indexOf(':')),
      url: ctx.originalUrl,
      type,
      id: id === '' ? undefined : id,
      body: Object.keys(body).length === 0 ? undefined : body,
      headers: ctx.req.headers,
      address,
    });
}
