/** The real server on a real database, driven over HTTP. */
import { Agent } from 'node:http';
import type { TestDatabase } from './database.ts';
import type { Identity, Reply, RequestOptions } from './http.ts';
import { request } from './http.ts';
import { preparedDatabase } from './prepared.ts';
import { listeningPort, spawnServer } from './process.ts';

/** The root client of every test server. */
export const ROOT = { id: 'root', secret: 'root-secret-of-the-tests' } as const;
/** `as: asRoot` asks as the root client, which may do everything. */
export const asRoot: Identity = { basic: [ROOT.id, ROOT.secret] };

/** The settings of every test server. An RSA key takes a while to make: a file that is about one says so. */
export const TEST_SETTINGS = { PORT: '0', ROOT_CLIENT_SECRET: ROOT.secret, SIGNING_ALG: 'ES256' } as const;

export interface StartOptions {
  /** Settings beside the defaults of a test; they win. */
  env?: Record<string, string>;
  /** A database to start on again; without one it gets one with tables and no data, which `stop` drops. */
  database?: TestDatabase;
  /** A program with its arguments that becomes the server by `exec`. */
  through?: readonly string[];
}

export interface TestServer {
  /** Where it listens: `http://127.0.0.1:PORT`. */
  url: string;
  port: number;
  /** Its public address and the issuer of its tokens: `http://localhost:PORT`. */
  baseUrl: string;
  database: TestDatabase;
  root: typeof ROOT;
  /** Sends a request; anonymous unless `as` is given. */
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
  /** What it printed so far: logs, and what it says at start. */
  output(): string;
  /** The id of its process. */
  pid: number;
  /** Asks it to stop (SIGTERM), waits, and drops the database unless it was passed in; gives the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, as a crash would; the database stays. */
  kill(): Promise<void>;
}

/** Starts a server and waits until it listens. One a test file is enough, started in its `before`. */
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
