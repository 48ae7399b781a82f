import type Router from '@koa/router';
import { guard } from '../access/guard.ts';
import type { AppOptions } from '../app.ts';
import type { RequestState } from '../context.ts';
import type { HeldBytes } from '../load/held-bytes.ts';
import { CONTENT_TYPE, expose, type Metric } from './exposition.ts';
import { one, processMetrics } from './process.ts';
import type { RequestMetrics } from './requests.ts';
import { ofAllWorkers } from './workers.ts';

/** The counters that requests update. */
export interface Measured {
  requests: RequestMetrics;
  bodies: HeldBytes;
  answers: HeldBytes;
}

/**
 * Mounts `GET /metrics` for Prometheus: what the processes of this server have done, and the length of their queues.
 * Policies judge it like any request, as the operation `metrics`.
 */
export function mountMetrics(router: Router<RequestState>, options: AppOptions, measured: Measured): void {
  const tell = ofAllWorkers(() => [
    ...measured.requests.metrics(),
    ...queues(options),
    ...held(measured),
    ...processMetrics(options.loop),
  ]);
  router.get('/metrics', async (ctx) => {
    const judge = await guard(options.auth, ctx);
    judge.requireOperation('metrics');
    ctx.body = expose(await tell());
    ctx.set('Content-Type', CONTENT_TYPE);
  });
}

function held({ bodies, answers }: Measured): Metric[] {
  return [
    one('ward_bodies_held_bytes', 'gauge', 'Bytes of bodies that arrive, or are worked on.', bodies.bytes),
    one('ward_answers_held_bytes', 'gauge', 'Bytes of answers that are on their way.', answers.bytes),
  ];
}

/** Returns the current lengths of the queues. */
function queues({ door, desk, engine, database, passwords, connections }: AppOptions): Metric[] {
  return [
    one('ward_requests_waiting', 'gauge', 'Requests that wait to be begun.', door.waiting),
    one('ward_bodies_waiting', 'gauge', 'Large bodies and answers that wait to be worked on.', desk.waiting),
    one('ward_writes_waiting', 'gauge', 'Writes that wait for their turn.', engine.waiting),
    one('ward_searches_waiting', 'gauge', 'Queries that wait for a connection or a turn.', database.waiting),
    one('ward_secrets_waiting', 'gauge', 'Secrets that are hashed, or wait for it.', passwords.waiting),
    one('ward_http_connections', 'gauge', 'Connections that are open.', connections()),
  ];
}
