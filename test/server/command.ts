/** Commands as an operator runs them, on a database of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface CommandResult {
  code: number | null;
  /** Both streams, in the order in which they came. */
  output: string;
}

/** Runs a program to its end, with these settings and none of the caller's but what Node needs. */
export async function run(program: string, args: string[], env: Record<string, string>): Promise<CommandResult> {
  const { PATH = '', HOME = '', TZ = 'UTC' } = process.env;
  const child = spawn(program, args, { env: { PATH, HOME, TZ, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: Buffer.concat(chunks).toString() };
}
