/** The compiled commands, run as an operator runs them. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { serverEntry } from '../harness/build.ts';
import type { TestDatabase } from '../harness/database.ts';
import { ROOT } from '../harness/server.ts';
import { type CommandResult, run } from '../server/command.ts';

export type CommandName = 'import' | 'export' | 'backup' | 'restore' | 'keys' | 'reindex' | 'seed';

/** The path of a compiled command. */
export function programOf(name: CommandName): string {
  return path.join(path.dirname(serverEntry()), '..', 'commands', `${name}.js`);
}

/** Runs a command on a database to its end, as the root client unless `env` says otherwise. */
export function command(
  name: CommandName,
  args: string[],
  database: TestDatabase,
  env: Record<string, string> = {},
): Promise<CommandResult> {
  const settings = { DATABASE_URL: database.url, ROOT_CLIENT_SECRET: ROOT.secret, ...env };
  return run(process.execPath, [programOf(name), ...args], settings);
}

/** Starts a command whose end the test brings about. */
export function startCommand(name: CommandName, args: string[], env: Record<string, string>): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  return spawn(process.execPath, [programOf(name), ...args], { env: { PATH, HOME, ...env }, stdio: 'ignore' });
}
