/** PostgreSQL clusters of a test's own, which it may stop, kill and fail over. */
import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestDatabase } from './database.ts';

export interface Cluster {
  port: number;
  database: TestDatabase;
  start(): void;
  /** `fast` ends connections, `immediate` is a crash: nothing is finished or flushed. */
  stop(mode: 'fast' | 'immediate'): void;
  /** Makes another that copies this one from now on. */
  follow(): Promise<Cluster>;
  /** A follower becomes one that takes writes. */
  promote(): void;
  /** Ends it and removes all of it. */
  remove(): void;
}

/** The folder of PostgreSQL's programs; undefined where there are none, or none that this user may run. */
export function postgresPrograms(): string | undefined {
  const versions = list('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a));
  const folders = [...versions.map((version) => `/usr/lib/postgresql/${version}/bin`), '/usr/local/pgsql/bin'];
  return folders.find((folder) => {
    const [program = '', ...args] = [...UNPRIVILEGED, path.join(folder, 'initdb'), '--version'];
    return spawnSync(program, args).status === 0;
  });
}

/** PostgreSQL refuses to run as root. */
const UNPRIVILEGED =
  process.getuid?.() === 0
    ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', 'env', '-u', 'HOME']
    : [];

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Clusters that outlive a test that failed must not outlive its process. */
const running = new Set<Cluster>();
process.once('exit', () => {
  for (const cluster of running) cluster.remove();
});

/** Makes a cluster and starts it. */
export function startCluster(programs: string): Promise<Cluster> {
  return makeCluster(programs, (run, data) => {
    run('initdb', '-D', data, '-U', 'ward', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync');
  });
}

const nothing = async (): Promise<void> => undefined;

type Run = (program: string, ...args: string[]) => void;

async function makeCluster(programs: string, fill: (run: Run, data: string) => void): Promise<Cluster> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ward-cluster-'));
  const data = path.join(folder, 'data');
  if (UNPRIVILEGED.length > 0) chownSync(folder, ...ownerOf());
  const port = await freePort();
  const run: Run = (name, ...args) => {
    const [program = '', ...rest] = [...UNPRIVILEGED, path.join(programs, name), ...args];
    // What a cluster says goes to its log: a pipe would be kept open as long as it runs.
    const { status } = spawnSync(program, rest, { cwd: folder, stdio: 'ignore' });
    if (status !== 0) throw new Error(`${name} ${args.join(' ')} ended with ${status}`);
  };
  const control = (...args: string[]) => run('pg_ctl', '-D', data, '-w', '-t', '60', ...args);
  const options = `-p ${port} -h 127.0.0.1 -k ${folder}`;
  const start = () => control('-l', path.join(folder, 'log'), '-o', options, 'start');
  const remove = () => {
    if (list(data).includes('postmaster.pid')) control('-m', 'immediate', 'stop');
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `postgres://ward@127.0.0.1:${port}/postgres`;
  const cluster: Cluster = {
    port,
    database: { url, kind: 'postgres', analyze: nothing, cut: nothing, drop: nothing },
    start,
    stop: (mode) => control('-m', mode, 'stop'),
    follow: () => makeCluster(programs, (its, copy) => its('pg_basebackup', '-D', copy, '-R', '-c', 'fast', '-d', url)),
    promote: () => control('promote'),
    remove: () => {
      running.delete(cluster);
      remove();
    },
  };
  running.add(cluster);
  try {
    fill(run, data);
    start();
    return cluster;
  } catch (error) {
    cluster.remove();
    throw error;
  }
}

function ownerOf(): [user: number, group: number] {
  const id = (kind: string) => Number(spawnSync('id', [kind, 'postgres'], { encoding: 'utf8' }).stdout);
  return [id('-u'), id('-g')];
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
