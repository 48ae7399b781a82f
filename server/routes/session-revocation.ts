import type Router from '@koa/router';
import type { AuditNote } from '../../auth/audit/audit-notes.ts';
import { redactedSearch } from '../../auth/audit/redacted-search.ts';
import { Denial } from '../../auth/errors.ts';
import { type Principal, principalName } from '../../auth/principal.ts';
import { endFound } from '../../auth/sessions/revocation.ts';
import { Failure } from '../../resources/errors.ts';
import type { Json } from '../../resources/json/value.ts';
import { parseReference } from '../../resources/search/kinds/reference.ts';
import { parseSearch } from '../../resources/search/parse.ts';
import { accountsOf } from '../access/denials.ts';
import { guard, type Judge } from '../access/guard.ts';
import type { AppOptions } from '../app.ts';
import type { Context, RequestState } from '../context.ts';
import { parseForm } from '../formats/form.ts';
import { send, wanted } from '../http/answer.ts';
import { readForm } from '../http/body.ts';
import { conditionOf } from '../interactions/write.ts';
import type { BodyScheduler } from '../load/body-scheduler.ts';

/**
 * Mounts `POST /Session/$revoke`: ends every Session found by a search expression, in the query or in a form. Policies
 * judge it as the equivalent conditional update, `PUT /Session?…` with `active: false`, so that it permits nothing
 * more: it ends the Sessions that its caller may both find and update. Users are signed out with their Sessions: those
 * whose Sessions were ended, and those that the expression names.
 */
export function mountRevocation(
  router: Router<RequestState>,
  { engine, registry, clock, auth, config, bodyScheduler }: AppOptions,
): void {
  const { baseUrl } = config;
  router.post('/Session/$revoke', async (ctx) => {
    const answer = wanted(ctx);
    const judge = await guard(auth, ctx);
    judge.requireChance('Session.update');
    const { parameters, exceptCurrent } = await readExpression(ctx, bodyScheduler);
    const url = `/Session?${new URLSearchParams(parameters)}`;
    const asked = { method: 'PUT', url };
    const { rows } = await judge.require('update', ENDING, asked);
    const found = conditionOf({ type: 'Session' }, { registry, clock, judge, baseUrl }, parameters);
    const own = exceptCurrent ? [['_id:not', currentSession(ctx)] as const] : [];
    const open = parseSearch(registry, 'Session', [['active', 'true'], ...own], { base: baseUrl, now: clock() });
    const criteria = [...found.criteria, ...open.criteria, ...rows];
    const named: string[] = [];
    for (const id of usersIn(parameters, baseUrl)) {
      if (isSelf(ctx.state.principal, id) || (await mayEndAll(judge, id))) named.push(id);
    }
    const expression = await redactedSearch({ engine, registry }, parameters);
    const count = await endFound(engine, { ...found, criteria }, { rows, cause: judge.asker }, named);
    if (count > 0 || named.length > 0) {
      auth.audit.note({ ...revocation(ctx, { expression, ended: count }), ...accountsOf(ctx.state.principal) });
    }
    send(ctx, answer, revoked(count));
  });
}

/** Returns the search expression, and whether the caller's own Session is kept. */
async function readExpression(
  ctx: Context,
  bodyScheduler: BodyScheduler,
): Promise<{ parameters: [string, string][]; exceptCurrent: boolean }> {
  const all = [...parseForm(ctx.querystring), ...(await readForm(ctx, bodyScheduler))];
  const except = all.filter(([name]) => name === 'except');
  if (except.some(([, value]) => value !== 'current')) {
    throw new Failure('parameter', 'except must be current, the Session of the token in this request.');
  }
  return { parameters: all.filter(([name]) => name !== 'except'), exceptCurrent: except.length > 0 };
}

/** Returns the ids of the Users that an expression names. */
function usersIn(parameters: readonly [name: string, value: string][], baseUrl: string): string[] {
  const asked = parameters.filter(([name]) => name === 'user' || name === 'user:User');
  return asked
    .flatMap(([, value]) => value.split(','))
    .flatMap((text) => {
      const { base, type, id } = parseReference(text) ?? { base: '', type: 'User', id: text };
      return type === 'User' && ['', baseUrl, `${baseUrl}/fhir`].includes(base) ? [id] : [];
    });
}

/** The update that a revocation is equivalent to. */
const ENDING = { type: 'Session', id: '', body: { active: false }, patch: undefined };

/**
 * Returns true if the caller may find all Sessions and end all those of a User. This is judged on its own: the other
 * parameters of the request do not restrict a login.
 */
async function mayEndAll(judge: Judge, user: string): Promise<boolean> {
  if (judge.rows('Session').length > 0) return false;
  const url = `/Session?${new URLSearchParams({ user: `User/${user}` })}`;
  try {
    return (await judge.require('update', ENDING, { method: 'PUT', url })).rows.length === 0;
  } catch (error) {
    if (error instanceof Denial) return false;
    throw error;
  }
}

/** A caller that may write only some Sessions may sign itself out, but no other User of whom no Session was ended. */
function isSelf(principal: Principal | undefined, id: string): boolean {
  return principal !== undefined && principalName(principal) === `User/${id}`;
}

function currentSession({ state: { principal } }: Context): string {
  const token = principal && principal.kind !== 'anonymous' ? principal.token : undefined;
  if (token) return token.session.id;
  throw new Failure('parameter', 'except=current requires an access token: other credentials have no Session.');
}

function revocation({ state: { address } }: Context, search: AuditNote['search']): AuditNote {
  return { kind: 'token-revoked', outcome: '0', ending: 'withdrawn', address, asked: 'POST Session/$revoke', search };
}

/** Returns the result of the operation (https://hl7.org/fhir/R4/parameters.html). */
function revoked(count: number): Json {
  return { resourceType: 'Parameters', parameter: [{ name: 'revoked', valueInteger: count }] };
}
