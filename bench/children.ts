/** The processes that a benchmark starts: ours, the floors, and what makes load. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Context } from './row.ts';

/** The root client's secret of every server of a benchmark. */
export const ROOT_SECRET = 'root-secret-of-the-benchmark';
const PATIENCE = 20_000;

export interface Running {
  url: string;
  /** The id of its process. */
  pid: number;
  stop(): Promise<void>;
}

/** Where a server's log and its CPU profile go. */
type Place = Pick<Context, 'folder' | 'profile'>;

/** As `npm start` and the Dockerfile have them: V8's share of memory for what is young. */
const NODE_ARGUMENTS = ['--max-semi-space-size=8'];
/** As the Dockerfile has it: how many threads keep freed memory apart. */
const ARENAS = { MALLOC_ARENA_MAX: '2' };

/** Starts the compiled server on a database, its log going to a file as it would in production. */
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

/** True after an end of its own and after one by a signal. */
function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** CPU seconds that a process has used so far, all of its threads together. */
export function cpuSecondsOf(pid: number): number {
  // Fields 14 and 15 of proc(5), behind a name that may hold anything: user and system time in ticks of 10 ms.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The resident memory of a process, in MiB. */
export function memoryOf(pid: number): number {
  return inMiB(pid, 'VmRSS');
}

/** The most memory that a process has had so far, in MiB. */
export function peakOf(pid: number): number {
  return inMiB(pid, 'VmHWM');
}

/** A figure of proc(5), which gives kibibytes. */
function inMiB(pid: number, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1]) / 1024;
}

/** A task of `bench/child.ts` in a process of its own. */
export interface Child<Request, Answer> {
  /** Hands it work and waits for what it gives back. */
  ask(request: Request): Promise<Answer>;
  stop(): Promise<void>;
}

/** Starts a task by its name. */
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
