/** Several processes that serve one port as one server: Node's cluster, over a PostgreSQL database. */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Config } from './config.ts';
import { ANSWER_TIMEOUT } from './load/slow-readers.ts';
import { createLogger } from './log.ts';
import { channelTo, gather, type MetricsChannel } from './metrics/workers.ts';
import { REQUEST_TIMEOUT, type RunningServer } from './start.ts';

/** What a worker tells the process that started it, once it listens. */
type Listening = Pick<RunningServer, 'url' | 'port' | 'welcome'>;

/** True in the process that starts the workers; it serves nothing itself. */
export function isSupervisor({ workers }: Config): boolean {
  return cluster.isPrimary && workers > 1;
}

/** Tells the supervisor that this process serves; false where there is none, so that it has to speak for itself. */
export function tellSupervisor({ url, port, welcome }: RunningServer): boolean {
  if (!cluster.isWorker) return false;
  process.send?.({ url, port, welcome } satisfies Listening);
  return true;
}

/**
 * Passes a stop on to the worker that this process waits for: it may serve already, and knows what it has in flight.
 * False where there is none.
 */
export function stopFirstWorker(): boolean {
  const [first] = Object.values(cluster.workers ?? {});
  return first?.process.kill('SIGTERM') ?? false;
}

/**
 * Ends this process and those that it started, whatever they are at: whoever stops it does not wait any more. One of
 * those leaves it to this one, which may pass a stop on to it twice.
 */
export function endAtOnce(): void {
  if (cluster.isWorker) return;
  for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL');
  console.error('Ward was asked to stop again, and ends at once: what was under way is not answered');
  process.exit(1);
}

/**
 * Starts the workers of the settings, and another in the place of each that ends. The first one is waited for: it
 * migrates, makes the root client, and says once for all what is wrong where the server cannot start, which then ends
 * this process too. `close` stops them all gracefully; it rejects where one did not end well.
 */
export async function startWorkers({ workers, logLevel }: Config): Promise<RunningServer> {
  const logger = createLogger(logLevel);
  const running = new Set<Worker>();
  /** By the place of each worker: one that takes the place of another goes by its number. */
  const channels = Array.from({ length: workers }, (): MetricsChannel | undefined => undefined);
  const waiting = new Set<NodeJS.Timeout>();
  const ended: number[] = [];
  let stopping = false;
  // Whoever is free takes a connection. Handed out in turn, one by one, each would wait for the event loop of whoever
  // is to have it: of a thousand that came at once to two busy ones, half waited for seconds.
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
    // One that the system could not start has no exit; what else goes wrong with one is told by its exit.
    worker.on('error', (error) => {
      if (worker.process.pid === undefined) gone(error.message);
    });
    return worker;
  }

  function replace(place: number, pid: number | undefined, why: string): void {
    if (stopping) return;
    ended.push(performance.now());
    const delay = restartDelay(ended, workers);
    logger.error({ worker: pid }, `A worker ended (${why}); another is started in ${delay} ms`);
    const timer = setTimeout(() => {
      waiting.delete(timer);
      start(place);
    }, delay);
    waiting.add(timer);
  }

  /** Whatever keeps one from being started, as a lack of memory does, the others go on. */
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
      // With this process the others would end, too, in the midst of what they have in flight.
      const stops = await Promise.allSettled([...running].map((worker) => stopWorker(worker)));
      for (const stop of stops) if (stop.status === 'rejected') throw stop.reason;
    },
  };
}

/** Waits until the first worker listens; ends this process with it where it does not come so far. */
async function firstWorker(worker: Worker): Promise<Listening> {
  // It has told why by itself or was asked to stop, unless it was ended before it could.
  const refused = (code: number | null, signal: NodeJS.Signals | null) => {
    if (signal !== null && signal !== 'SIGTERM') {
      console.error(`Ward did not start: its first process was ended by ${signal}`);
      process.exit(1);
    }
    process.exit(code ?? 0);
  };
  worker.prependOnceListener('exit', refused);
  const listening = await new Promise<Listening>((resolve, reject) => {
    worker.prependOnceListener('error', reject);
    // Whoever is served by then may have asked for metrics already.
    worker.on('message', (message: object) => {
      if ('welcome' in message) resolve(message as Listening);
    });
  });
  worker.off('exit', refused);
  return listening;
}

/** Milliseconds: a request arrives, is answered and read by then; half a minute is for the database to let go. */
const LONGEST_STOP = REQUEST_TIMEOUT + ANSWER_TIMEOUT + 30_000;

/** Stops a worker gracefully, and kills one that takes longer than any should. Rejects where it did not end well. */
export async function stopWorker(worker: Worker, longest = LONGEST_STOP): Promise<void> {
  const exit = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  const limit = setTimeout(() => worker.process.kill('SIGKILL'), longest);
  const [code, signal] = (await exit) as [code: number | null, signal: NodeJS.Signals | null];
  clearTimeout(limit);
  // One that had not begun to serve ends by the signal itself.
  if (code === 0 || signal === 'SIGTERM') return;
  throw new Error(`Worker ${worker.process.pid} did not stop as it should: ${signal ?? `exit code ${code}`}`);
}

const WINDOW = 60_000;
const FIRST_DELAY = 1000;
const LONGEST_DELAY = 30_000;

/**
 * Milliseconds until a worker that ended is replaced, by when workers ended, this one last: at once, unless more of
 * them ended within a minute than there are. From then on each waits twice as long, up to half a minute, so that what
 * ends them over and over costs the others little, and the server still comes back by itself.
 */
export function restartDelay(ended: readonly number[], workers: number): number {
  const last = ended.at(-1) ?? 0;
  const lately = ended.filter((moment) => last - moment < WINDOW).length;
  return lately <= workers ? 0 : Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (lately - workers - 1));
}
