/** Metrics of several workers: each worker can report those of all, which the supervisor collects. */
import cluster, { type Worker } from 'node:cluster';
import { Failure } from '../../resources/errors.ts';
import type { Metric } from './exposition.ts';

/** A numbered request for metrics, or the response to it. */
type Message = { wanted: number } | { given: number; metrics: Metric[] };

/** The other end of an IPC channel. */
interface Peer {
  listen(listener: (message: object) => void): void;
  send(message: Message): void;
}

/** Milliseconds for a worker to report its metrics. */
const PATIENCE = 1000;
/** Milliseconds for the metrics of all workers: a request is answered within two seconds. */
const LONGEST = 1500;

/** Exchanges metrics with another process: each side can request those of the other. */
export class MetricsChannel {
  readonly #peer: Peer;
  readonly #open = new Map<number, (metrics: Metric[]) => void>();
  #asked = 0;

  constructor(peer: Peer, tell: () => Promise<Metric[]>) {
    this.#peer = peer;
    peer.listen(async (message) => {
      const { wanted, given, metrics } = message as { wanted?: number; given?: number; metrics?: Metric[] };
      if (wanted !== undefined) peer.send({ given: wanted, metrics: await tell() });
      if (given !== undefined) this.#open.get(given)?.(metrics ?? []);
    });
  }

  /** Requests the metrics of the other process; resolves with undefined after `milliseconds` without a response. */
  ask(milliseconds: number): Promise<Metric[] | undefined> {
    this.#asked += 1;
    const number = this.#asked;
    return new Promise((resolve) => {
      const settle = (metrics?: Metric[]) => {
        clearTimeout(timer);
        this.#open.delete(number);
        resolve(metrics);
      };
      const timer = setTimeout(settle, milliseconds);
      this.#open.set(number, settle);
      this.#peer.send({ wanted: number });
    });
  }
}

/** Opens the channel to a worker, which gets the result of `tell` when it asks. */
export function channelTo(worker: Worker, tell: () => Promise<Metric[]>): MetricsChannel {
  const peer: Peer = {
    listen: (listener) => worker.on('message', listener),
    // Sending to a worker that is exiting fails; it just does not respond, like one that has exited.
    send: (message) => worker.send(message, () => undefined),
  };
  return new MetricsChannel(peer, tell);
}

/** Collects and merges the metrics of all workers; a worker that is late or absent is reported as down. */
export async function gather(channels: readonly (MetricsChannel | undefined)[]): Promise<Metric[]> {
  return together(await Promise.all(channels.map((channel) => channel?.ask(PATIENCE))));
}

/** Returns a function that gives the metrics for `/metrics`: those of this process or, in a worker, of all workers. */
export function ofAllWorkers(own: () => Metric[]): () => Promise<Metric[]> {
  const tell = async () => own();
  if (!cluster.isWorker) return tell;
  const peer: Peer = {
    listen: (listener) => process.on('message', listener),
    send: (message) => process.send?.(message, undefined, undefined, () => undefined),
  };
  const supervisor = new MetricsChannel(peer, tell);
  return async () => {
    const metrics = await supervisor.ask(LONGEST);
    if (metrics) return metrics;
    throw new Failure('busy', 'The metrics of the processes did not arrive in time.', { retryAfter: 1 });
  };
}

/**
 * Merges metrics: each sample gets the label of its worker, counted from 1, and `ward_worker_up` tells which responded.
 */
function together(told: readonly (Metric[] | undefined)[]): Metric[] {
  const up: Metric = {
    name: 'ward_worker_up',
    type: 'gauge',
    help: 'Whether the worker reported its metrics in time.',
    samples: [],
  };
  const all = new Map([[up.name, up]]);
  for (const [place, metrics] of told.entries()) {
    const worker = String(place + 1);
    up.samples.push({ labels: { worker }, value: metrics ? 1 : 0 });
    for (const { samples, ...described } of metrics ?? []) {
      const metric = all.get(described.name) ?? { ...described, samples: [] };
      metric.samples.push(...samples.map((sample) => ({ ...sample, labels: { worker, ...sample.labels } })));
      all.set(metric.name, metric);
    }
  }
  return [...all.values()];
}
