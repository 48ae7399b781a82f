/** The real server on a real database, called over HTTP. */
import { Agent } from 'node:http';
import type { TestDatabase } from './database.ts';
import type { Identity, Reply, RequestOptions } from './http.ts';
import { request } from './http.ts';
import { preparedDatabase } from './prepared.ts';
import { listeningPort, spawnServer } from './process.ts';

/** The root client of every test server. */
export const ROOT = { id: 'root', secret: 'root-secret-of-the-tests' } as const;
/** `as: asRoot` sends a request as the root client, which may do everything. */
export const asRoot: Identity = { basic: [ROOT.id, ROOT.secret] };

/**
 * The settings of every test server. ES256, since generating an RSA key takes a while; a test about RSA overrides it.
 */
export const TEST_SETTINGS = { PORT: '0', ROOT_CLIENT_SECRET: ROOT.secret, SIGNING_ALG: 'ES256' } as const;

export interface StartOptions {
  /** Additional settings; they override those of a test. */
  env?: Record<string, string>;
  /** An existing database. Without it the server gets one with tables and no data, which `stop` drops. */
  database?: TestDatabase;
  /** A program with arguments that becomes the server by `exec`. */
  through?: readonly string[];
}

export interface TestServer {
  /** The address that it listens on: `http://127.0.0.1:PORT`. */
  url: string;
  port: number;
  /** Its public address and the issuer of its tokens: `http://localhost:PORT`. */
  baseUrl: string;
  database: TestDatabase;
  root: typeof ROOT;
  /** Sends a request; anonymous unless `as` is given. */
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
  /** Returns what it has printed so far: logs, and the text at the start. */
  output(): string;
  /** The id of the process. */
  pid: number;
  /** Sends SIGTERM, waits for the exit, and drops the database unless it was passed in; returns the exit code. */
  stop(): Promise<number | null>;
  /** Sends SIGKILL, like a crash; the database stays. */
  kill(): Promise<void>;
}

/** Starts a server and waits until it listens. One per test file is enough, started in its `before`. */
export async function startServer(options: StartOptions = {}): Promise<TestServer> {
  const database = options.database ?? (await preparedDatabase());
  const settings = { ...TEST_SETTINGS, DATABASE_URL: database.url, ...options.env };
  const running = spawnServer(settings, options.through);
  const port = await listeningPort(running);
  const url = `http://127.0.0.1:${port}`;
  const agent = new Agent({ keepAlive: true });
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    agent.destroy();
    running.child.kill(signal);
    return running.ended;
  };
  return {
    url,
    port,
    baseUrl: `http://localhost:${port}`,
    database,
    root: ROOT,
    pid: running.child.pid ?? 0,
    request: (method, path, init) => request(url, agent, method, path, init),
    output: running.output,
    stop: async () => {
      const code = await end('SIGTERM');
      if (options.database === undefined) await database.drop();
      return code;
    },
    kill: async () => {
      await end('SIGKILL');
    },
  };
}
