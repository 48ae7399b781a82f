/** A server as a child process: its output, its end, and the line that says where it listens. */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { serverEntry } from './build.ts';

/** Milliseconds a server may take until it listens. */
const PATIENCE = 60_000;

/** Servers that outlive a test that died must not outlive its process. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface ServerProcess {
  child: ChildProcess;
  /** Everything it printed so far, on both streams. */
  output(): string;
  /** Its exit code, once it has ended; null when a signal ended it. */
  ended: Promise<number | null>;
}

/**
 * Starts the compiled server with these settings alone: none of the caller's environment but what Node needs.
 * `through` is a program and its arguments that become the server by `exec`.
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

/** The port that a server started with `PORT=0` prints; throws with its output when it ends or stays silent. */
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
