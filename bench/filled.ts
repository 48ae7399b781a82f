import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { type Running, startOurs } from './children.ts';
import { type Dataset, type Filling, fill } from './dataset.ts';
import type { Context } from './row.ts';

/** A server that holds the patients of the run. */
export interface Filled extends Dataset {
  /** The id of the process. */
  pid: number;
}

/** Starts and fills a server on first use. */
export function createFilled(options: Filling & Pick<Context, 'folder' | 'profile'>): {
  get(): Promise<Filled>;
  stop(): Promise<void>;
} {
  let server: Running | undefined;
  let filled: Promise<Filled> | undefined;
  const make = async (): Promise<Filled> => {
    server = await startOurs(options, `sqlite:${path.join(options.folder, 'filled.db')}`);
    const dataset = await fill(options, server);
    // Flushes the written data, so that it does not disturb the measurement of either side.
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
