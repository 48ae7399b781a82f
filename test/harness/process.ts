/** A server as a child process: its output, its exit, and the port that it prints. */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { serverEntry } from './build.ts';

/** Milliseconds until a server must listen. */
const PATIENCE = 60_000;

/** Servers of a crashed test, so that they do not outlive its process. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface ServerProcess {
  child: ChildProcess;
  /** Returns what it has printed so far, on both streams. */
  output(): string;
  /** The exit code once it has ended; null if a signal ended it. */
  ended: Promise<number | null>;
}

/**
 * Starts the compiled server with these settings only, without the rest of the caller's environment.
 * `through` is a program with arguments that becomes the server by `exec`.
 */
export function spawnServer(env: Record<string, string>, through: readonly string[] = []): ServerProcess {
  const { PATH = '', HOME = '', TZ = 'UTC' } = process.env;
  const [program = '', ...args] = [...through, process.execPath, serverEntry()];
  const child = spawn(program, args, {
    env: { PATH, HOME, TZ, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  running.add(child);
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  return { child, output: () => Buffer.concat(chunks).toString(), ended };
}

/** Returns the port that a server with `PORT=0` prints; throws with its output if it exits or prints none. */
export async function listeningPort({ child, output, ended }: ServerProcess): Promise<number> {
  const deadline = Date.now() + PATIENCE;
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (Date.now() < deadline && !over) {
    const found = /^Listening on .*\(port (\d+)\)$/m.exec(output());
    if (found) return Number(found[1]);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  child.kill('SIGKILL');
  throw new Error(`the server did not start:\n${output()}`);
}
