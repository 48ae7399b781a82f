/** A server inside the test's own process, whose clock the test turns. */
import { randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import { readConfig } from '../../server/config.ts';
import { type Patience, startServer as start } from '../../server/start.ts';
import type { TestDatabase } from './database.ts';
import { type Reply, type RequestOptions, request } from './http.ts';
import { preparedDatabase } from './prepared.ts';
import { TEST_SETTINGS } from './server.ts';
import { startThread } from './thread.ts';

export interface ClockedServer {
  url: string;
  port: number;
  /** Its public address and the issuer of its tokens, where `BASE_URL` names no other. */
  baseUrl: string;
  /** What it would print of the root client. */
  welcome: string;
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
  /** Seconds pass. */
  pass(seconds: number): void;
  /** Milliseconds since the epoch, by the server's clock. */
  now(): number;
  stop(): Promise<void>;
}

/** What a test says of a server beside its settings and its time. */
export interface Turned extends Partial<Patience> {
  /** `full` where it matters how long a secret takes to hash; it takes next to nothing otherwise. */
  hashing?: 'full';
}

const CHEAP = { memoryCost: 8, timeCost: 1, parallelism: 1 };

/**
 * Starts a server on a database without data, or on one to start on again, which `stop` leaves; its time runs on, and
 * further where the test passes seconds; where the test tells the time, it stands still meanwhile.
 */
export async function startClockedServer(
  env: Record<string, string> = {},
  kept?: Pick<TestDatabase, 'url'>,
  time: () => number = Date.now,
  { hashing, ...patience }: Turned = {},
): Promise<ClockedServer> {
  const own = kept === undefined ? await preparedDatabase() : undefined;
  let ahead = 0;
  const clock = () => time() + ahead;
  const settings = { ...TEST_SETTINGS, DATABASE_URL: (kept ?? own)?.url ?? '', LOG_LEVEL: 'silent' };
  const ports = { clock, random: randomBytes, startThread, ...(hashing !== 'full' && { hashCost: CHEAP }) };
  // A test that passes seconds does not wait for half of a real one until they are noticed.
  const server = await start(readConfig({ ...settings, ...env }), { ports, patience: { chores: 20, ...patience } });
  const agent = new Agent({ keepAlive: true });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    port: server.port,
    baseUrl: server.url,
    welcome: server.welcome,
    request: (method, path, options) => request(url, agent, method, path, options),
    pass: (seconds) => {
      ahead += seconds * 1000;
    },
    now: clock,
    stop: async () => {
      agent.destroy();
      await server.close();
      await own?.drop();
    },
  };
}
