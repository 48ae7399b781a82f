import type Router from '@koa/router';
import type { AuthRequest, Endpoint } from '../../auth/endpoints/exchange.ts';
import type { ParsedBody } from '../../auth/endpoints/parameters.ts';
import { Failure } from '../../resources/errors.ts';
import { askedOf } from '../access/guard.ts';
import type { AppOptions } from '../app.ts';
import type { Context, RequestState } from '../context.ts';
import { parseForm } from '../formats/form.ts';
import { type AnswerType, type BodyKind, bodyType, JWK_SET } from '../formats/media-types.ts';
import { negotiate } from '../formats/negotiate.ts';
import { bytesOf } from '../http/body.ts';
import { PAGES, sendPage } from '../http/pages.ts';
import { formatParameter } from '../http/respond.ts';
import type { BodyScheduler } from '../load/body-scheduler.ts';

/** Mounts the endpoints of the auth module, at the root only, except for SMART's configuration. */
export function mountAuth(router: Router<RequestState>, { auth, config, bodyScheduler }: AppOptions): void {
  const { token, revoke, introspect, userinfo, wellKnown } = auth.endpoints;
  const endpoints = { token, revoke, introspect, userinfo };
  for (const [name, endpoint] of Object.entries(endpoints)) {
    router.all(`/auth/${name}`, (ctx) => {
      requireRoot(ctx, config.baseUrl);
      return serve(ctx, endpoint, bodyScheduler);
    });
  }
  for (const name of ['authorize', 'logout'] as const) {
    router.all(PAGES[name], async (ctx) => {
      requireRoot(ctx, config.baseUrl);
      sendPage(ctx, await auth.pages[name](await requestOf(ctx, bodyScheduler, ['form'])));
    });
  }
  router.all('/auth/*rest', () => {
    throw new Failure('not-found', 'There is no such endpoint; /.well-known/oauth-authorization-server lists them.');
  });
  // RFC 8414 §3.1: the metadata URL of an issuer with a path has the well-known part between host and path.
  const { pathname } = new URL(config.baseUrl);
  for (const [name, endpoint] of Object.entries(wellKnown)) {
    for (const path of new Set([`/.well-known/${name}`, `/.well-known/${name}${pathname === '/' ? '' : pathname}`])) {
      // The FHIR base is no issuer: of these documents only SMART's is served below it, where SMART clients look for
      // it.
      router.all(path, (ctx, next) => {
        if (name !== SMART_CONFIGURATION) requireRoot(ctx, config.baseUrl);
        return next();
      });
      router.get(path, (ctx) => serve(ctx, endpoint, bodyScheduler, { also: ALSO[name] }));
      router.all(path, () => {
        throw new Failure('method-not-allowed', 'This address accepts only GET.', { headers: { Allow: 'GET, HEAD' } });
      });
    }
  }
  router.all('/.well-known/*rest', () => {
    throw new Failure('not-found', 'There is no such document.');
  });
}

/** Mounts `DELETE /Session`, which ends the Session of the token in the request. */
export function mountSignOut(router: Router<RequestState>, { auth, bodyScheduler }: AppOptions): void {
  const { closeSession } = auth.endpoints;
  router.delete('/Session', (ctx, next) => {
    // With a query it is a conditional delete, as for any other type.
    return ctx.querystring === '' ? serve(ctx, closeSession, bodyScheduler) : next();
  });
}

const SMART_CONFIGURATION = 'smart-configuration';

/** Throws `not-found` below `/fhir`: endpoints that take credentials, and issuer metadata, have a single path each. */
export function requireRoot(ctx: Context, baseUrl: string): void {
  if (ctx.state.base === baseUrl) return;
  throw new Failure('not-found', 'Endpoints of the issuer are at the root, not under /fhir.');
}

/** Media types that documents support besides JSON and YAML. */
const ALSO: Readonly<Record<string, AnswerType>> = { 'jwks.json': JWK_SET };

/** Calls an endpoint and responds in plain JSON, even if FHIR JSON was asked for (RFC 6749 §5.1), or in YAML. */
export async function serve(
  ctx: Context,
  endpoint: Endpoint,
  bodyScheduler: BodyScheduler,
  { also, kinds }: { also?: AnswerType | undefined; kinds?: readonly BodyKind[] } = {},
): Promise<void> {
  const answer = negotiate({
    accept: ctx.get('Accept'),
    format: formatParameter(ctx),
    preferred: 'application/json',
    also,
  });
  const { status, headers, body } = await endpoint(await requestOf(ctx, bodyScheduler, kinds));
  ctx.status = status;
  ctx.set(headers);
  if (status === 204) return;
  ctx.set('Content-Type', answer.contentType);
  ctx.body = body === undefined ? '' : answer.render(body);
}

/** Endpoints that audit their own denials. A request that fails before it reaches them is audited elsewhere. */
const SELF_AUDITING = ['/auth/token', '/auth/revoke', '/auth/introspect', '/auth/authorize'];

async function requestOf(
  ctx: Context,
  bodyScheduler: BodyScheduler,
  kinds: readonly BodyKind[] = ['form', 'resource'],
): Promise<AuthRequest> {
  const body = await parsedBody(ctx, bodyScheduler, kinds);
  ctx.state.auditsItself = SELF_AUDITING.includes(ctx.path);
  // Listed one by one: spreading the result of `askedOf` took a twentieth of an introspection, and made more garbage.
  return {
    method: ctx.method,
    url: askedOf(ctx).url,
    headers: ctx.req.headers,
    address: ctx.state.address,
    since: ctx.state.since,
    userAgent: ctx.req.headers['user-agent'],
    body,
  };
}

/** Parses a form or a JSON object; undefined if there is no body. */
async function parsedBody(ctx: Context, bodyScheduler: BodyScheduler, kinds: readonly BodyKind[]): Promise<ParsedBody> {
  // The endpoint rejects any other method, whatever its body.
  if (ctx.method !== 'POST') return undefined;
  const bytes = bytesOf(ctx);
  const sent = bytes.length > 0 || Number(ctx.get('Content-Length')) > 0;
  if (!sent) return undefined;
  const { format } = bodyType(ctx.get('Content-Type'), kinds, 'json');
  const { since } = ctx.state;
  if (format === undefined) return { form: parseForm(await bodyScheduler.text(bytes, since)) };
  return { json: await bodyScheduler.read(format, bytes, since) };
}
