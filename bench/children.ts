/** The processes of a benchmark: our server, the floors, and the load generator. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Context } from './row.ts';

/** The root client's secret on every server of a benchmark. */
export const ROOT_SECRET = 'root-secret-of-the-benchmark';
const PATIENCE = 20_000;

export interface Running {
  url: string;
  /** The id of the process. */
  pid: number;
  stop(): Promise<void>;
}

/** Where the log and the CPU profile of a server go. */
type Place = Pick<Context, 'folder' | 'profile'>;

/** The size of V8's young generation, as in `npm start` and the Dockerfile. */
const NODE_ARGUMENTS = ['--max-semi-space-size=8'];
/** The number of malloc arenas, as in the Dockerfile. */
const ARENAS = { MALLOC_ARENA_MAX: '2' };

/** Starts the compiled server on a database; its log goes to a file, as in production. */
export async function startOurs(
  { folder, profile }: Place,
  database: string,
  settings: Record<string, string> = {},
): Promise<Running> {
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const nodeArguments = [...NODE_ARGUMENTS, ...profiling];
  const log = path.join(folder, `ours-${process.hrtime.bigint()}.log`);
  const descriptor = openSync(log, 'w');
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [...nodeArguments, path.resolve('dist/server/main.js')], {
    env: { PATH, HOME, ...ARENAS, PORT: '0', DATABASE_URL: database, ROOT_CLIENT_SECRET: ROOT_SECRET, ...settings },
    stdio: ['ignore', descriptor, descriptor],
  });
  closeSync(descriptor);
  const port = await portIn(log, child);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    stop: () => end(child),
  };
}

async function portIn(log: string, child: ChildProcess): Promise<string> {
  const deadline = Date.now() + PATIENCE;
  while (Date.now() < deadline && !hasEnded(child)) {
    const found = /^Listening on .*\(port (\d+)\)$/m.exec(readFileSync(log, 'utf8'));
    if (found?.[1]) return found[1];
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  child.kill('SIGKILL');
  throw new Error(`the server did not start:\n${readFileSync(log, 'utf8')}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Returns true if the process exited or was killed by a signal. */
function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Returns the CPU seconds that a process has used so far, with all its threads. */
export function cpuSecondsOf(pid: number): number {
  // Fields 14 and 15 of proc(5): user and system time in ticks of 10 ms. The process name before them may hold
  // anything.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Returns the resident memory of a process in MiB. */
export function memoryOf(pid: number): number {
  return inMiB(pid, 'VmRSS');
}

/** Returns the peak memory of a process so far in MiB. */
export function peakOf(pid: number): number {
  return inMiB(pid, 'VmHWM');
}

/** Reads a value of proc(5), which is in KiB. */
function inMiB(pid: number, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1]) / 1024;
}

/** A task of `bench/child.ts` in its own process. */
export interface Child<Request, Answer> {
  /** Sends a request to the task and waits for the result. */
  ask(request: Request): Promise<Answer>;
  stop(): Promise<void>;
}

/** Starts a task by name. */
export function startChild<Request extends object, Answer>(task: string): Child<Request, Answer> {
  const child = fork(path.resolve('bench/child.ts'), [task], { execArgv: ['--import', 'tsx'] });
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        const ended = (code: number | null) => reject(new Error(`${task} ended with ${code}`));
        child.once('exit', ended);
        child.once('message', (answer) => {
          child.off('exit', ended);
          resolve(answer as Answer);
        });
        child.send(request);
      }),
    stop: () => end(child),
  };
}
