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
    one('ward_bodies_held_bytes', 'gauge', 'Bytes of request bodies being received or processed.', bodies.bytes),
    one('ward_answers_held_bytes', 'gauge', 'Bytes of responses being sent.', answers.bytes),
  ];
}

/** Returns the current lengths of the queues. */
function queues({ admissionQueue, bodyScheduler, engine, database, passwords, connections }: AppOptions): Metric[] {
  return [
    one('ward_requests_waiting', 'gauge', 'Requests waiting to start.', admissionQueue.waiting),
    one(
      'ward_bodies_waiting',
      'gauge',
      'Large request bodies and responses waiting to be processed.',
      bodyScheduler.waiting,
    ),
    one('ward_writes_waiting', 'gauge', 'Writes waiting in the queue.', engine.waiting),
    one('ward_searches_waiting', 'gauge', 'Queries waiting for a connection or a turn.', database.waiting),
    one('ward_secrets_waiting', 'gauge', 'Secrets being hashed or waiting to be.', passwords.waiting),
    one('ward_http_connections', 'gauge', 'Open connections.', connections()),
  ];
}
