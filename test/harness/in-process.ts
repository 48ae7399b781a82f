/** A server in the process of the test, which controls its clock. */
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
  /** Its public address and the issuer of its tokens, unless `BASE_URL` names another. */
  baseUrl: string;
  /** The text that it would print about the root client. */
  welcome: string;
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
  /** Advances the clock by seconds. */
  pass(seconds: number): void;
  /** Milliseconds since the epoch, by the server's clock. */
  now(): number;
  stop(): Promise<void>;
}

/** Options of a test server besides its settings and its time. */
export interface Turned extends Partial<Patience> {
  /** `full` if the cost of hashing a secret matters; otherwise it costs next to nothing. */
  hashing?: 'full';
  /** Milliseconds of a monotonic clock, for what is limited by them. */
  elapsed?: () => number;
}

const CHEAP = { memoryCost: 8, timeCost: 1, parallelism: 1 };

/**
 * Starts a server on a prepared database, or on `kept`, which `stop` does not drop. Its clock follows real time plus
 * the seconds that the test passes; with `time` the test sets the clock.
 */
export async function startClockedServer(
  env: Record<string, string> = {},
  kept?: Pick<TestDatabase, 'url'>,
  time: () => number = Date.now,
  { hashing, elapsed, ...patience }: Turned = {},
): Promise<ClockedServer> {
  const own = kept === undefined ? await preparedDatabase() : undefined;
  let ahead = 0;
  const clock = () => time() + ahead;
  const settings = { ...TEST_SETTINGS, DATABASE_URL: (kept ?? own)?.url ?? '', LOG_LEVEL: 'silent' };
  const cheap = hashing !== 'full' && { hashCost: CHEAP };
  const ports = { clock, random: randomBytes, startThread, ...cheap, ...(elapsed && { elapsed }) };
  // A test that advances the clock must not wait half a real second until chores notice.
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
