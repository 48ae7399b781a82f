import type { Auth } from '../auth/auth.ts';
import { type Asker, askerOf } from '../auth/ending.ts';
import { Denial } from '../auth/errors.ts';
import type { Json, JsonObject } from '../resources/json/value.ts';
import type { Criterion } from '../resources/search/plan.ts';
import type { Context } from './context.ts';
import type { InteractionName, InteractionRequest } from './interactions/interaction.ts';

/** Judges what a request with good credentials may do, by the policies as they were when it came. */
export interface Judge {
  /** Whose request it is. */
  asker: Asker;
  /** What the caller may see of the type in this interaction; rejects with a Denial where no policy lets it pass. */
  require(name: InteractionName, request: JudgedRequest, asked: Asked): Promise<Criterion[]>;
  /**
   * What the caller may see of a type, as its own search of that type would show it, or its history: criteria that
   * its rows must meet. Throws a Denial where it may not ask for that.
   */
  rows(type: string, name?: 'search' | 'history'): Criterion[];
  /**
   * Throws a Denial where no policy lets the caller do what concerns no resource; policies know it by this id, and see
   * the body.
   */
  requireOperation(operation: string, body?: Json | undefined): void;
}

/** What a judgement looks at. */
export type JudgedRequest = Pick<InteractionRequest, 'type' | 'id' | 'body' | 'patch'>;

/** The line of a request, or what stands for it in a Bundle. */
export interface Asked {
  method: string;
  /** Path and query, as sent. */
  url: string;
}

/**
 * Reads the credentials of a request: bad ones end it with 401, before its body is looked at. What it may do is
 * judged with the body, by the Judge that this gives.
 */
export async function guard(auth: Auth, ctx: Context): Promise<Judge> {
  const { address, base, since } = ctx.state;
  const { headers } = ctx.req;
  const principal = await auth.authentication.authenticate({
    authorization: headers.authorization,
    address,
    since,
    userAgent: headers['user-agent'],
  });
  ctx.state.principal = principal;
  const judgement = await auth.access.begin();
  const scheme = base.slice(0, base.indexOf(':'));
  return {
    asker: askerOf(principal, address),
    async require(name, { type, id, body, patch }, { method, url }) {
      const request = await judgement.complete({
        principal,
        operation: `${type}.${name}`,
        method,
        scheme,
        url,
        type,
        id: id === '' ? undefined : id,
        body: patch?.value ?? (isEmpty(body) ? undefined : body),
        headers,
        address,
      });
      return judgement.require(request);
    },
    rows(type, name = 'search') {
      const url = name === 'search' ? `/${type}` : `/${type}/_history`;
      const operation = `${type}.${name}`;
      return judgement.require({ principal, operation, method: 'GET', scheme, url, type, headers, address });
    },
    requireOperation(operation, body) {
      const { method, originalUrl: url } = ctx;
      const rows = judgement.require({ principal, operation, method, scheme, url, body, headers, address });
      // Whoever may see some rows may not see what has none.
      if (rows.length > 0) throw new Denial('forbidden', operation);
    },
  };
}

function isEmpty(body: JsonObject): boolean {
  for (const _ in body) return false;
  return true;
}
