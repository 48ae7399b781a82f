/** PostgreSQL clusters for a single test, which it may stop, crash, replicate and fail over. */
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import type { TestDatabase } from './database.ts';

export interface Cluster {
  port: number;
  /** The database `postgres` in it. */
  database: TestDatabase;
  /** Returns its log so far. */
  log(): Promise<string>;
  start(): Promise<void>;
  /** `fast` closes connections; `immediate` is a crash: nothing is finished or flushed. */
  stop(mode: 'fast' | 'immediate'): Promise<void>;
  /** Creates a standby that replicates this cluster. */
  follow(): Promise<Cluster>;
  /** Promotes a standby to primary. */
  promote(): Promise<void>;
  /** Stops the cluster and removes its files. */
  remove(): Promise<void>;
}

/** Settings passed to `postgres` at the start: name and value. */
export type Settings = Record<string, string>;

const run = promisify(execFile);
const nothing = async (): Promise<void> => undefined;
const FIND = 'ls -d /usr/lib/postgresql/*/bin /usr/pgsql*/bin /usr/local/pgsql/bin 2>/dev/null | sort -V | tail -1';

/** Stops the clusters left by a failed test, so that they do not outlive its process. */
const running = new Set<() => void>();
process.once('exit', () => {
  for (const end of running) end();
});

/**
 * Starts an empty cluster on a free port of 127.0.0.1. Skips the test and prints why if there are no binaries or they
 * cannot be run; with `CI` set it throws instead.
 */
export async function startCluster(context: Context, settings: Settings = {}): Promise<Cluster> {
  const found = await binaries().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  if (typeof found !== 'string') return makeCluster(found, settings, undefined);
  if (process.env['CI']) throw new Error(found);
  console.log(`    passed over: ${found}`);
  return context.skip();
}

interface Binaries {
  folder: string;
  /** The user to run as: initdb and postgres refuse to run as root. */
  owner: { uid: number; gid: number } | undefined;
}

async function binaries(): Promise<Binaries> {
  const { stdout } = await run('bash', ['-c', FIND]);
  const folder = stdout.trim();
  if (folder === '') throw new Error('a cluster of its own needs initdb and pg_basebackup: install postgresql');
  if (process.getuid?.() !== 0) return { folder, owner: undefined };
  const user = await run('id', ['postgres']).then(
    () => 'postgres',
    () => 'nobody',
  );
  const id = async (flag: string) => Number((await run('id', [flag, user])).stdout);
  return { folder, owner: { uid: await id('-u'), gid: await id('-g') } };
}

/** Creates and starts a cluster: a new one, or a standby of another. */
async function makeCluster(found: Binaries, settings: Settings, leader: Cluster | undefined): Promise<Cluster> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ward-cluster-'));
  if (found.owner) await chown(folder, found.owner.uid, found.owner.gid);
  const [data, logFile] = [path.join(folder, 'data'), path.join(folder, 'log')];
  const execute = async (...args: [name: string, ...args: string[]]): Promise<void> => {
    const [program, rest] = commandOf(found, ...args);
    await run(program, rest, { cwd: folder });
  };
  const end = () => {
    const [program, rest] = commandOf(found, 'pg_ctl', '-D', data, '-m', 'immediate', '-s', 'stop');
    spawnSync(program, rest, { cwd: folder, stdio: 'ignore' });
    rmSync(folder, { recursive: true, force: true });
  };
  running.add(end);
  const port = await freePort();
  const url = `postgres://ward@127.0.0.1:${port}/postgres`;
  const told = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  const options = [`-p ${port} -h 127.0.0.1 -k ${folder}`, ...told].join(' ');
  const control = (...args: string[]) => execute('pg_ctl', '-D', data, '-w', '-t', '60', '-s', ...args);
  const cluster: Cluster = {
    port,
    database: { url, kind: 'postgres', analyze: nothing, cut: nothing, drop: nothing },
    log: () => readFile(logFile, 'utf8'),
    start: () => control('-l', logFile, '-o', options, 'start'),
    stop: (mode) => control('-m', mode, 'stop'),
    follow: () => makeCluster(found, settings, cluster),
    promote: () => control('promote'),
    remove: async () => {
      await control('-m', 'immediate', 'stop').catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
      running.delete(end);
    },
  };
  if (leader) await execute('pg_basebackup', '-d', leader.database.url, '-D', data, '-R', '-c', 'fast', '--no-sync');
  else await execute('initdb', '-D', data, '-U', 'ward', '--auth=trust', '-E', 'UTF8', '--locale=C', '--no-sync');
  await cluster.start();
  return cluster;
}

/** Returns the command line of a PostgreSQL program: not as root, and without variables that name another server. */
function commandOf({ folder, owner }: Binaries, name: string, ...args: string[]): [program: string, args: string[]] {
  const ids = owner ? ['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'] : [];
  const unset = ['-u', 'PGPORT', '-u', 'PGHOST', '-u', 'HOME'];
  const [program = '', ...rest] = [...ids, 'env', ...unset, path.join(folder, name), ...args];
  return [program, rest];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was taken');
  return address.port;
}
