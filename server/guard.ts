import type { Auth } from '../auth/auth.ts';
import type { AccessRequest } from '../auth/request-object.ts';
import type { Context } from './context.ts';
import type { Interaction, ResourceRequest } from './resources.ts';

/** Judges what a request with good credentials may do; throws a Denial where no policy lets it pass. */
export interface Judge {
  interaction(interaction: Interaction, request: Pick<ResourceRequest, 'type' | 'id' | 'body' | 'patch'>): Promise<void>;
  /** Judges another type that a search touches as the caller's own search of that type. */
  search(type: string): Promise<void>;
}

/**
 * Reads the credentials of a request: a bad one ends it with 401, before its body is looked at. What it may do is
 * judged with the body, by the Judge that this gives.
 */
export async function guard(auth: Auth, ctx: Context): Promise<Judge> {
  const { address, base } = ctx.state;
  const { headers } = ctx.req;
  const principal = await auth.authentication.authenticate({ authorization: headers.authorization, address });
  ctx.state.principal = principal;
  const scheme = base.slice(0, base.indexOf(':'));
  const require = (request: Pick<AccessRequest, 'operation' | 'method' | 'url' | 'type' | 'id' | 'body'>) =>
    auth.access.require({ ...request, principal, scheme, headers, address });
  return {
    interaction: (interaction, { type, id, body, patch }) =>
      require({
        operation: `${type}.${interaction}`,
        method: ctx.method,
        url: ctx.originalUrl,
        type,
        id: id === '' ? undefined : id,
        body: patch?.value ?? (Object.keys(body).length === 0 ? undefined : body),
      }),
    search: (type) => require({ operation: `${type}.search`, method: 'GET', url: `/${type}`, type }),
  };
}
