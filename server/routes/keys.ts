import type Router from '@koa/router';
import { answered, requireMethod } from '../../auth/endpoints/exchange.ts';
import type { ParsedBody } from '../../auth/endpoints/parameters.ts';
import { describeKeys, describeRotation } from '../../auth/keys/described-keys.ts';
import { SIGNING_ALGS, type SigningAlg } from '../../auth/settings.ts';
import { Failure } from '../../resources/errors.ts';
import { isObject, type Json } from '../../resources/json/value.ts';
import { accountsOf } from '../access/denials.ts';
import { guard, type Judge } from '../access/guard.ts';
import type { AppOptions } from '../app.ts';
import type { Context, RequestState } from '../context.ts';
import { requireRoot, serve } from './auth.ts';

/**
 * Mounts `/auth/keys`: GET lists the signing keys, POST creates the next one. Policies judge them like any request, as
 * the operations `keys` and `rotate-keys`.
 */
export function mountKeys(
  router: Router<RequestState>,
  { auth, engine, config, clock, bodyScheduler }: AppOptions,
): void {
  const tell = async (judge: Judge) => {
    judge.requireOperation('keys');
    return answered({ keys: await describeKeys(engine.committed, config.signingAlg, clock()) });
  };
  const rotate = async (ctx: Context, judge: Judge, body: ParsedBody) => {
    const { sent, now, alg } = readWish(body, config.signingAlg);
    judge.requireOperation('rotate-keys', sent);
    const rotation = await auth.keys.rotate(now, alg);
    const { principal, address } = ctx.state;
    if (rotation.outcome !== 'pending') {
      auth.audit.note({
        kind: 'key-rotated',
        outcome: '0',
        address,
        asked: 'POST /auth/keys',
        rotation: { kid: rotation.kid, now },
        ...accountsOf(principal),
      });
    }
    return answered(describeRotation(rotation));
  };
  router.all('/auth/keys', async (ctx) => {
    requireRoot(ctx, config.baseUrl);
    requireMethod(ctx, ['GET', 'HEAD', 'POST']);
    const judge = await guard(auth, ctx);
    refuseQuery(ctx);
    if (ctx.method === 'POST') judge.requireChance('rotate-keys');
    await serve(ctx, ({ body }) => (ctx.method === 'POST' ? rotate(ctx, judge, body) : tell(judge)), bodyScheduler, {
      // Forms are only for endpoints that take credentials in the body.
      kinds: ['resource'],
    });
  });
}

/** Rejects a query (`parameter`): an option there would be ignored, and a credential would be logged. */
function refuseQuery({ querystring }: Context): void {
  if ([...new URLSearchParams(querystring).keys()].every((name) => name === '_format')) return;
  throw new Failure('parameter', 'This address accepts only the query parameter _format.');
}

/**
 * Parses the requested kind of key. Throws `parameter` (400) for unknown members or values, which would be ignored, and
 * for `now` with another algorithm than the server signs with.
 */
function readWish(
  body: ParsedBody,
  signingAlg: SigningAlg,
): { sent: Json | undefined; now: boolean; alg: SigningAlg | undefined } {
  const sent = body && 'json' in body ? body.json : undefined;
  if (sent !== undefined && !isObject(sent)) throw new Failure('parameter', 'The body must be a JSON object.');
  const { now = false, alg, ...others } = sent ?? {};
  if (typeof now !== 'boolean') throw new Failure('parameter', 'now must be true or false.');
  const known = SIGNING_ALGS.find((name) => name === alg);
  if (alg !== undefined && known === undefined) {
    throw new Failure('parameter', `alg must be one of ${SIGNING_ALGS.join(', ')}.`);
  }
  if (now && known !== undefined && known !== signingAlg) {
    throw new Failure('parameter', `now works only with this server's algorithm, ${signingAlg}: omit alg.`);
  }
  if (Object.keys(others).length > 0) throw new Failure('parameter', 'The body may have only now and alg.');
  return { sent, now, alg: known };
}
