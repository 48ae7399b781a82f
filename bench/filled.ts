import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { type Running, startOurs } from './children.ts';
import { type Dataset, type Filling, fill } from './dataset.ts';
import type { Context } from './row.ts';

/** A server that holds the patients of the run. */
export interface Filled extends Dataset {
  /** The id of its process. */
  pid: number;
}

/** Starts and fills a server when it is first asked for. */
export function createFilled(options: Filling & Pick<Context, 'folder' | 'profile'>): {
  get(): Promise<Filled>;
  stop(): Promise<void>;
} {
  let server: Running | undefined;
  let filled: Promise<Filled> | undefined;
  const make = async (): Promise<Filled> => {
    server = await startOurs(options, `sqlite:${path.join(options.folder, 'filled.db')}`);
    const dataset = await fill(options, server);
    // The system still writes what was filled: neither side is measured beside that.
    execFileSync('sync');
    return { ...dataset, pid: server.pid };
  };
  return {
    get() {
      filled ??= make();
      return filled;
    },
    async stop() {
      await server?.stop();
    },
  };
}
