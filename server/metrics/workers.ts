/** Metrics of several processes: whichever is asked has those of all, by way of the process that started them. */
import cluster, { type Worker } from 'node:cluster';
import { Failure } from '../../resources/errors.ts';
import type { Metric } from './exposition.ts';

/** A question, or the answer to the one of that number. */
type Message = { wanted: number } | { given: number; metrics: Metric[] };

/** The other end of a channel between processes. */
interface Peer {
  listen(listener: (message: object) => void): void;
  send(message: Message): void;
}

/** Milliseconds that a worker may take to tell its own. */
const PATIENCE = 1000;
/** Milliseconds until those of all have to be there: an answer comes within two seconds. */
const LONGEST = 1500;

/** What a process asks another of, and is asked of by it: metrics. */
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

  /** What the other process tells; undefined where it does not in so many milliseconds. */
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

/** The channel to a worker, which may ask by it for what `tell` gives. */
export function channelTo(worker: Worker, tell: () => Promise<Metric[]>): MetricsChannel {
  const peer: Peer = {
    listen: (listener) => worker.on('message', listener),
    // To one that is about to end nothing can be sent: it does not answer, as one that has ended does not.
    send: (message) => worker.send(message, () => undefined),
  };
  return new MetricsChannel(peer, tell);
}

/** What each worker tells, those that do not in time and those that are not there as undefined, put together. */
export async function gather(channels: readonly (MetricsChannel | undefined)[]): Promise<Metric[]> {
  return together(await Promise.all(channels.map((channel) => channel?.ask(PATIENCE))));
}

/** What `/metrics` tells, by what this process has: that itself, or in a worker what all of them have. */
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
    throw new Failure('busy', 'The metrics of the processes are not there in time.', { retryAfter: 1 });
  };
}

/** Each number with the worker that it is of, counted from 1, and which of them have told theirs. */
function together(told: readonly (Metric[] | undefined)[]): Metric[] {
  const up: Metric = {
    name: 'ward_worker_up',
    type: 'gauge',
    help: 'Whether a worker told its metrics in time.',
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
