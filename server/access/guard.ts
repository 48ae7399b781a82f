import type { Auth } from '../../auth/auth.ts';
import { Denial } from '../../auth/errors.ts';
import type { Judgement } from '../../auth/policies/access.ts';
import type { AccessRequest } from '../../auth/policies/request-object.ts';
import type { Principal } from '../../auth/principal.ts';
import { type Asker, askerOf } from '../../auth/sessions/ending.ts';
import type { JudgedBy } from '../../resources/engine.ts';
import type { Json, JsonObject } from '../../resources/json/value.ts';
import type { Criterion } from '../../resources/search/plan.ts';
import type { Context } from '../context.ts';
import type { InteractionName, InteractionRequest } from '../interactions/interaction.ts';

/** Judges what a request with good credentials may do, by the policies as they were when it came. */
export interface Judge {
  /** Whose request it is. */
  asker: Asker;
  /**
   * Throws a Denial where no request for an operation could pass, whatever is sent with it: it is to be asked before
   * the body is looked at.
   */
  requireChance(operation: string): void;
  /** What the caller may do in this interaction; rejects with a Denial where no policy lets it pass. */
  require(name: InteractionName, request: JudgedRequest, asked: Asked): Promise<Permission>;
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

/** What a caller is let through to. */
export interface Permission {
  /** What it may see of the type. */
  rows: Criterion[];
  /** The version of the resource that was looked at, where a policy looks at one: it is permitted for that alone. */
  judgedBy: JudgedBy | undefined;
}

/** What a judgement looks at. */
export type JudgedRequest = Pick<InteractionRequest, 'type' | 'id' | 'body' | 'patch'>;

/** The line of a request, or what stands for it in a Bundle. */
export interface Asked {
  method: string;
  /** Path and query, below the base. */
  url: string;
  /** Headers that stand in the place of those that the request was sent with; none where the value is undefined. */
  headers?: Readonly<Record<string, string | undefined>>;
}

/**
 * The line of a request as it is routed and read: judged is what is done, and no other reading of what was sent.
 * @param parameters those of a search, where a form has some of them
 */
export function askedOf(
  { method, path, querystring }: Pick<Context, 'method' | 'path' | 'querystring'>,
  parameters?: [name: string, value: string][],
): Asked {
  const query = parameters ? String(new URLSearchParams(parameters)) : querystring;
  return { method, url: query === '' ? path : `${path}?${query}` };
}

/**
 * Reads the credentials of a request: bad ones end it with 401, before its body is looked at. What it may do is
 * judged with the body, by the Judge that this gives.
 */
export async function guard(auth: Auth, ctx: Context): Promise<Judge> {
  const { address, since } = ctx.state;
  const { headers } = ctx.req;
  const principal = await auth.authentication.authenticate({
    authorization: headers.authorization,
    address,
    since,
    userAgent: headers['user-agent'],
  });
  ctx.state.principal = principal;
  return new RequestJudge(ctx, principal, await auth.access.begin());
}

/** Judges what one request asks for, as often as it asks. */
class RequestJudge implements Judge {
  readonly asker: Asker;
  readonly #ctx: Context;
  readonly #principal: Principal;
  readonly #judgement: Judgement;

  constructor(ctx: Context, principal: Principal, judgement: Judgement) {
    this.asker = askerOf(principal, ctx.state.address);
    this.#ctx = ctx;
    this.#principal = principal;
    this.#judgement = judgement;
  }

  requireChance(operation: string): void {
    this.#judgement.requireChance(this.#principal, operation);
  }

  async require(
    name: InteractionName,
    { type, id, body, patch }: JudgedRequest,
    { method, url, headers }: Asked,
  ): Promise<Permission> {
    const request = await this.#judgement.complete({
      principal: this.#principal,
      operation: `${type}.${name}`,
      method,
      scheme: this.#scheme,
      url,
      type,
      id: id === '' ? undefined : id,
      body: patch?.value ?? (isEmpty(body) ? undefined : body),
      headers: headers ? { ...this.#ctx.req.headers, ...headers } : this.#ctx.req.headers,
      address: this.#ctx.state.address,
    });
    return { rows: this.#judgement.require(request), judgedBy: request.judgedBy };
  }

  rows(type: string, name: 'search' | 'history' = 'search'): Criterion[] {
    const url = name === 'search' ? `/${type}` : `/${type}/_history`;
    return this.#judge({ operation: `${type}.${name}`, method: 'GET', url, type });
  }

  requireOperation(operation: string, body?: Json | undefined): void {
    const rows = this.#judge({ operation, ...askedOf(this.#ctx), body });
    // Whoever may see some rows may not see what has none.
    if (rows.length > 0) throw new Denial('forbidden', operation);
  }

  #judge(asked: Pick<AccessRequest, 'operation' | 'method' | 'url' | 'type' | 'body'>): Criterion[] {
    const { req, state } = this.#ctx;
    const { headers } = req;
    const [principal, scheme] = [this.#principal, this.#scheme];
    return this.#judgement.require({ ...asked, principal, scheme, headers, address: state.address });
  }

  /** That of the server's own address. */
  get #scheme(): string {
    const { base } = this.#ctx.state;
    return base.slice(0, base.indexOf(':'));
  }
}

function isEmpty(body: JsonObject): boolean {
  for (const _ in body) return false;
  return true;
}
