import Router from '@koa/router';
import Koa from 'koa';
import type { Logger } from 'pino';
import type { Auth } from '../auth/auth.ts';
import { Failure } from '../resources/errors.ts';
import { LONGEST_WAIT } from '../resources/pace/bounded-queue.ts';
import { inTime } from '../resources/pace/in-time.ts';
import { mountBundles } from './bundles/mount.ts';
import type { Config } from './config.ts';
import type { RequestState, Step } from './context.ts';
import { mountDescriptions } from './describe/mount.ts';
import { readBytes, roomForBodies } from './http/body.ts';
import { crossOrigin, securityHeaders } from './http/headers.ts';
import { locate } from './http/locate.ts';
import { otherMethods, reserved } from './http/methods.ts';
import { observe } from './http/observe.ts';
import { oneCredential } from './http/one-credential.ts';
import { respond } from './http/respond.ts';
import { soundAddress } from './http/sound-address.ts';
import type { AdmissionQueue } from './load/admission-queue.ts';
import type { BodyScheduler } from './load/body-scheduler.ts';
import type { EventLoop } from './load/event-loop.ts';
import { HeldBytes } from './load/held-bytes.ts';
import { countAnswers } from './load/slow-readers.ts';
import { type Measured, mountMetrics } from './metrics/mount.ts';
import type { RequestMetrics } from './metrics/requests.ts';
import type { Ward } from './open.ts';
import { mountAuth, mountSignOut } from './routes/auth.ts';
import { mountKeys } from './routes/keys.ts';
import { mountResources } from './routes/resources.ts';
import { mountRevocation } from './routes/session-revocation.ts';

type Opened = Pick<Ward, 'engine' | 'registry' | 'database' | 'passwords' | 'cursors' | 'clock' | 'random'>;

export interface AppOptions extends Opened {
  config: Config;
  auth: Auth;
  logger: Logger;
  loop: EventLoop;
  admissionQueue: AdmissionQueue;
  bodyScheduler: BodyScheduler;
  /** Milliseconds after which a response whose client takes no bytes may be dropped to make room for others. */
  stuckAfter: number;
  /** Counts every response, including those sent before a request reaches the app. */
  requests: RequestMetrics;
  /** Returns the number of open connections. */
  connections(): number;
}

/** Builds the middleware list of the server, in the order in which a request passes it. */
export function createApp(options: AppOptions): Koa<RequestState> {
  const { config, logger, random, auth, registry, admissionQueue } = options;
  const measured = { requests: options.requests, bodies: roomForBodies(config), answers: new HeldBytes() };
  const app = new Koa<RequestState>();
  app.on('error', brokenConnection(logger));
  app.use(observe(logger, random, measured.requests));
  app.use(countAnswers(measured.answers, options.stuckAfter));
  app.use(locate(config));
  app.use(securityHeaders(config));
  app.use(respond(logger, { audit: auth.audit, registry }));
  app.use(crossOrigin(config, auth.origins));
  app.use(soundAddress);
  app.use(admissionQueue.pass);
  app.use(oneCredential);
  app.use(readBytes(config, measured.bodies));
  app.use(routed(options, measured));
  return app;
}

/** Paths are case-sensitive, and a trailing slash makes another path: policies compare them the same way. */
const EXACT = { sensitive: true, strict: true };

/**
 * Routes a request. A path that starts with a capital letter is matched against the type routes alone, because the
 * router tries each of its routes in turn and most requests are for a resource.
 */
function routed(options: AppOptions, measured: Measured): Step {
  const all = served(routes(options, measured));
  const ofTypes = served(typeRoutes(options));
  return (ctx, next) => (/^\/[A-Z]/.test(ctx.path) ? ofTypes(ctx, next) : all(ctx, next));
}

function served(router: Router<RequestState>): Step {
  const [before, at, after] = [reserved(router), router.routes() as Step, otherMethods(router)];
  return (ctx, next) => before(ctx, async () => at(ctx, async () => after(ctx, next)));
}

/** Handles what reaches koa itself: a client that left before its response (debug), or an error of ours (error). */
function brokenConnection(logger: Logger): (error: Error) => void {
  return (error) => {
    const level = 'code' in error ? 'debug' : 'error';
    logger[level]({ cause: error.stack }, 'The connection of a request was interrupted');
  };
}

/** Registers every route. Resource routes come last because their first path segment matches anything. */
function routes(options: AppOptions, measured: Measured): Router<RequestState> {
  const router = new Router<RequestState>(EXACT);
  mountHealth(router, options);
  mountMetrics(router, options, measured);
  mountDescriptions(router, options);
  mountKeys(router, options);
  mountAuth(router, options);
  // Without these, another method on one of the paths above would match the routes of a type with that name.
  for (const path of ['/health', '/metrics', '/metadata', '/openapi.json']) {
    router.all(path, () => {
      throw new Failure('method-not-allowed', 'This address accepts only GET.', { headers: { Allow: 'GET, HEAD' } });
    });
  }
  mountBundles(router, options);
  mountTypes(router, options);
  return router;
}

function typeRoutes(options: AppOptions): Router<RequestState> {
  const router = new Router<RequestState>(EXACT);
  mountTypes(router, options);
  return router;
}

function mountTypes(router: Router<RequestState>, options: AppOptions): void {
  mountSignOut(router, options);
  mountRevocation(router, options);
  mountResources(router, options);
}

function mountHealth(router: Router<RequestState>, { database }: AppOptions): void {
  router.get('/health', async (ctx) => {
    // If the host of the database has vanished, no reply comes: the health check must not wait for it.
    const asked = inTime(database.points.all('SELECT 1 AS one'), LONGEST_WAIT, () => new Error('no answer'));
    const works = await asked.then(
      () => true,
      // `busy` means overloaded, which is not unhealthy.
      (error: unknown) => error instanceof Failure && error.code === 'busy',
    );
    ctx.status = works ? 200 : 503;
    ctx.body = { status: works ? 'pass' : 'fail' };
  });
}
