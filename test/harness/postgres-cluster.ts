/** PostgreSQL clusters of a test's own, to be restarted, followed by a replica and cut off from it. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Context } from 'mocha';

export interface Cluster {
  /** The URL of its database `postgres`, or of another. */
  url(database?: string): string;
  /** What it logged so far: every statement. */
  log(): Promise<string>;
  start(): Promise<void>;
  /** As a crash would: nobody is waited for. */
  stop(): Promise<void>;
  /** Makes a cluster that follows this one. */
  replica(): Promise<Cluster>;
  /** Stops it and removes its files. */
  remove(): Promise<void>;
}

const run = promisify(execFile);

const FIND = 'ls -d /usr/lib/postgresql/*/bin /usr/pgsql*/bin /usr/local/pgsql/bin 2>/dev/null | sort -V | tail -1';
const OPTIONS =
  '-c fsync=off -c full_page_writes=off -c max_connections=60 -c shared_buffers=16MB -c log_statement=all';

/**
 * Starts an empty cluster, on a free port of 127.0.0.1. Passes over the test, saying why, where there are no binaries
 * or they may not be run; fails it where `CI` says that everything must run.
 */
export async function startCluster(context: Context): Promise<Cluster> {
  const found = await binaries().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  if (typeof found !== 'string') return follow(found, undefined);
  if (process.env['CI']) throw new Error(found);
  console.log(`    passed over: ${found}`);
  return context.skip();
}

interface Binaries {
  folder: string;
  /** initdb and postgres refuse to run as root. */
  owner: { user: string; uid: number; gid: number } | undefined;
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
  return { folder, owner: { user, uid: await id('-u'), gid: await id('-g') } };
}

/** Makes and starts a cluster: a new one, or one that follows another. */
async function follow(found: Binaries, leader: Cluster | undefined): Promise<Cluster> {
  const { folder: bin, owner } = found;
  const folder = await mkdtemp(path.join(tmpdir(), 'ward-cluster-'));
  if (owner) await chown(folder, owner.uid, owner.gid);
  const execute = async (program: string, ...args: string[]): Promise<void> => {
    const command = [path.join(bin, program), ...args];
    const ids = owner ? ['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'] : [];
    const [first = '', ...rest] = [...ids, 'env', '-u', 'PGPORT', '-u', 'PGHOST', ...command];
    await run(first, rest, { cwd: folder });
  };
  const data = path.join(folder, 'data');
  const logFile = path.join(folder, 'log');
  const port = await freePort();
  const url = (database = 'postgres') => `postgres://ward@127.0.0.1:${port}/${database}`;
  const settings = `-p ${port} -h 127.0.0.1 -k ${folder} ${OPTIONS}`;
  const cluster: Cluster = {
    url,
    log: () => readFile(logFile, 'utf8'),
    start: () => execute('pg_ctl', '-D', data, '-w', '-s', '-l', logFile, '-o', settings, 'start'),
    stop: () => execute('pg_ctl', '-D', data, '-m', 'immediate', '-s', 'stop'),
    replica: () => follow(found, cluster),
    remove: async () => {
      await cluster.stop().catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
  if (leader) await execute('pg_basebackup', '-d', leader.url(), '-D', data, '-R', '-c', 'fast', '--no-sync');
  else await execute('initdb', '-D', data, '-U', 'ward', '--auth=trust', '-E', 'UTF8', '--locale=C', '--no-sync');
  await cluster.start();
  return cluster;
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
