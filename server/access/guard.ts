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

/** Judges what an authenticated request may do, by the policies that were in force when it arrived. */
export interface Judge {
  /** The caller. */
  asker: Asker;
  /** Throws a Denial if no request for this operation could pass, whatever its body: called before the body is read. */
  requireChance(operation: string): void;
  /** Returns what the caller may do in this interaction; rejects with a Denial if no policy permits it. */
  require(name: InteractionName, request: JudgedRequest, asked: Asked): Promise<Permission>;
  /**
   * Returns the criteria that rows of a type must meet to be visible to the caller, as in its own search or history of
   * that type. Throws a Denial if it may not ask for that.
   */
  rows(type: string, name?: 'search' | 'history'): Criterion[];
  /**
   * Throws a Denial if no policy permits an operation without a resource. Policies know it by this id, and see the
   * body.
   */
  requireOperation(operation: string, body?: Json | undefined): void;
}

/** What a caller is permitted. */
export interface Permission {
  /** Criteria that visible rows of the type must meet. */
  rows: Criterion[];
  /** The version of the resource that a policy looked at, if one did: the permission holds for that version alone. */
  judgedBy: JudgedBy | undefined;
}

/** The parts of a request that policies look at. */
export type JudgedRequest = Pick<InteractionRequest, 'type' | 'id' | 'body' | 'patch'>;

/** The request line, or its equivalent in a Bundle. */
export interface Asked {
  method: string;
  /** The path and the query, below the base. */
  url: string;
  /** Headers that replace those of the request; an undefined value removes the header. */
  headers?: Readonly<Record<string, string | undefined>>;
}

/**
 * Returns the request line as it is routed and parsed: policies judge exactly what is done.
 * @param parameters the parameters of a search, if some came in a form
 */
export function askedOf(
  { method, path, querystring }: Pick<Context, 'method' | 'path' | 'querystring'>,
  parameters?: [name: string, value: string][],
): Asked {
  const query = parameters ? String(new URLSearchParams(parameters)) : querystring;
  return { method, url: query === '' ? path : `${path}?${query}` };
}

/**
 * Authenticates a request. Bad credentials end it with 401 before its body is read. The returned Judge decides, with
 * the body, what the request may do.
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

/** Judges the interactions of one request. */
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
    // A caller restricted to some rows may not do what has no rows.
    if (rows.length > 0) throw new Denial('forbidden', operation);
  }

  #judge(asked: Pick<AccessRequest, 'operation' | 'method' | 'url' | 'type' | 'body'>): Criterion[] {
    const { req, state } = this.#ctx;
    const { headers } = req;
    const [principal, scheme] = [this.#principal, this.#scheme];
    return this.#judgement.require({ ...asked, principal, scheme, headers, address: state.address });
  }

  /** The scheme of the public address. */
  get #scheme(): string {
    const { base } = this.#ctx.state;
    return base.slice(0, base.indexOf(':'));
  }
}

function isEmpty(body: JsonObject): boolean {
  for (const _ in body) return false;
  return true;
}
