/** Several processes that serve one port as one server: Node's cluster, on a PostgreSQL database. */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Config } from './config.ts';
import { ANSWER_TIMEOUT } from './load/slow-readers.ts';
import { createLogger } from './log.ts';
import { channelTo, gather, type MetricsChannel } from './metrics/workers.ts';
import { REQUEST_TIMEOUT, type RunningServer } from './start.ts';

/** The message of a worker to the supervisor once it listens. */
type Listening = Pick<RunningServer, 'url' | 'port' | 'welcome'>;

/** Returns true in the process that starts the workers and serves nothing itself. */
export function isSupervisor({ workers }: Config): boolean {
  return cluster.isPrimary && workers > 1;
}

/** Tells the supervisor that this process listens. Returns false if there is no supervisor. */
export function tellSupervisor({ url, port, welcome }: RunningServer): boolean {
  if (!cluster.isWorker) return false;
  process.send?.({ url, port, welcome } satisfies Listening);
  return true;
}

/** Forwards a stop to the first worker, which may already serve requests. Returns false if there is none. */
export function stopFirstWorker(): boolean {
  const [first] = Object.values(cluster.workers ?? {});
  return first?.process.kill('SIGTERM') ?? false;
}

/**
 * Exits at once and kills the workers: the operator asked a second time. In a worker it does nothing and leaves that to
 * the supervisor, which may forward a stop twice.
 */
export function endAtOnce(): void {
  if (cluster.isWorker) return;
  for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL');
  console.error('Second stop signal: exiting now; requests in progress get no response');
  process.exit(1);
}

/**
 * Starts the configured number of workers and replaces each that exits. The first must listen before the others start:
 * it migrates, creates the root client, and reports why the server cannot start; its exit then ends this process too.
 * `close` stops all workers gracefully and rejects if one did not stop cleanly.
 */
export async function startWorkers({ workers, logLevel }: Config): Promise<RunningServer> {
  const logger = createLogger(logLevel);
  const running = new Set<Worker>();
  /** Indexed by the worker's slot; a replacement takes the slot of its predecessor. */
  const channels = Array.from({ length: workers }, (): MetricsChannel | undefined => undefined);
  const waiting = new Set<NodeJS.Timeout>();
  const ended: number[] = [];
  let stopping = false;
  // The kernel gives a connection to a worker that is free. With round-robin, each connection waits for the event loop
  // of its worker: of a thousand that came at once to two busy workers, half waited for seconds.
  cluster.schedulingPolicy = cluster.SCHED_NONE;

  function fork(place: number): Worker {
    const worker = cluster.fork();
    running.add(worker);
    channels[place] = channelTo(worker, () => gather(channels));
    const gone = (why: string) => {
      running.delete(worker);
      channels[place] = undefined;
      replace(place, worker.process.pid, why);
    };
    worker.once('exit', (code, signal) => gone(signal ?? `exit code ${code}`));
    // A worker that could not be spawned emits no `exit`; every other failure ends in one.
    worker.on('error', (error) => {
      if (worker.process.pid === undefined) gone(error.message);
    });
    return worker;
  }

  function replace(place: number, pid: number | undefined, why: string): void {
    if (stopping) return;
    ended.push(performance.now());
    const delay = restartDelay(ended, workers);
    logger.error({ worker: pid }, `A worker exited (${why}); its replacement starts in ${delay} ms`);
    const timer = setTimeout(() => {
      waiting.delete(timer);
      start(place);
    }, delay);
    waiting.add(timer);
  }

  /** Starts a worker; a failure to spawn, for example for lack of memory, must not affect the others. */
  function start(place: number): void {
    try {
      fork(place);
    } catch (error) {
      replace(place, undefined, String(error));
    }
  }

  const first = await firstWorker(fork(0));
  for (let place = 1; place < workers; place += 1) start(place);
  return {
    ...first,
    async close() {
      stopping = true;
      for (const timer of waiting) clearTimeout(timer);
      // If this process ended first, the workers would die with requests in flight.
      const stops = await Promise.allSettled([...running].map((worker) => stopWorker(worker)));
      for (const stop of stops) if (stop.status === 'rejected') throw stop.reason;
    },
  };
}

/** Resolves when the first worker listens; if it exits before that, ends this process. */
async function firstWorker(worker: Worker): Promise<Listening> {
  // The worker has printed the reason or was asked to stop, unless it was killed before it could.
  const refused = (code: number | null, signal: NodeJS.Signals | null) => {
    if (signal !== null && signal !== 'SIGTERM') {
      console.error(`Ward did not start: its first worker was killed by ${signal}`);
      process.exit(1);
    }
    process.exit(code ?? 0);
  };
  worker.prependOnceListener('exit', refused);
  const listening = await new Promise<Listening>((resolve, reject) => {
    worker.prependOnceListener('error', reject);
    // Not `once`: the first message may be a request for metrics from a client that is already served.
    worker.on('message', (message: object) => {
      if ('welcome' in message) resolve(message as Listening);
    });
  });
  worker.off('exit', refused);
  return listening;
}

/** Milliseconds: enough for a request to arrive, be answered and be read, and half a minute to close the database. */
const LONGEST_STOP = REQUEST_TIMEOUT + ANSWER_TIMEOUT + 30_000;

/** Stops a worker gracefully and kills it after `longest` milliseconds. Rejects if it did not stop cleanly. */
export async function stopWorker(worker: Worker, longest = LONGEST_STOP): Promise<void> {
  const exit = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  const limit = setTimeout(() => worker.process.kill('SIGKILL'), longest);
  const [code, signal] = (await exit) as [code: number | null, signal: NodeJS.Signals | null];
  clearTimeout(limit);
  // A worker that had not begun to serve dies by the signal itself.
  if (code === 0 || signal === 'SIGTERM') return;
  throw new Error(`Worker ${worker.process.pid} did not stop cleanly: ${signal ?? `exit code ${code}`}`);
}

const WINDOW = 60_000;
const FIRST_DELAY = 1000;
const LONGEST_DELAY = 30_000;

/**
 * Returns the milliseconds until an exited worker is replaced, given the times of all exits, the latest last: 0, unless
 * more workers exited within a minute than there are. Then the delay doubles with each exit, up to half a minute, so
 * that a crash loop costs the others little and the server still recovers by itself.
 */
export function restartDelay(ended: readonly number[], workers: number): number {
  const last = ended.at(-1) ?? 0;
  const lately = ended.filter((moment) => last - moment < WINDOW).length;
  return lately <= workers ? 0 : Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (lately - workers - 1));
}
