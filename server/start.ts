import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JWK } from 'jose';
import type { Logger } from 'pino';
import { createAuth } from '../auth/auth.ts';
import { generateSigningKey } from '../auth/keys/signing-keys.ts';
import { createApp } from './app.ts';
import { atPort, type Config, ConfigError } from './config.ts';
import { LONGEST_HEAD } from './http/head-limits.ts';
import { answerUnread } from './http/unread.ts';
import { Desk } from './load/desk.ts';
import { Door } from './load/door.ts';
import { watchEventLoop } from './load/event-loop.ts';
import { OpenConnections } from './load/open-connections.ts';
import { ANSWER_TIMEOUT, limitReading, STUCK_AFTER } from './load/slow-readers.ts';
import { createLogger } from './log.ts';
import { RequestMetrics } from './metrics/requests.ts';
import { openWard, type Ports, type Ward } from './open.ts';
import { welcome } from './startup/welcome.ts';
import { startUpkeep } from './upkeep.ts';

export interface RunningServer {
  /** The public address. */
  url: string;
  /** Where it listens. */
  port: number;
  /** What to tell whoever started it on an empty database; empty otherwise. */
  welcome: string;
  /** Stops accepting, finishes what is in flight, closes the database. */
  close(): Promise<void>;
}

/** Milliseconds that a request may take to arrive, after which Node answers 408: none may trickle in for ever. */
export const REQUEST_TIMEOUT = 30_000;

/**
 * Milliseconds that a connection without a request is kept. Balancers keep theirs for up to a minute: one that the
 * server ended first, just as another request was sent by it, would be an error to whoever asked.
 */
const IDLE_TIMEOUT = 75_000;

/** Milliseconds that the server waits by itself, whatever its clock says. */
export interface Patience {
  /** For a caller to send a request whole. */
  request: number;
  /** For a caller to read an answer whole. */
  answer: number;
  /** For a caller to take something of it, where too much waits to be read. */
  progress: number;
  /** Between two looks whether a chore is due. */
  chores: number;
}

const PATIENCE: Patience = {
  request: REQUEST_TIMEOUT,
  answer: ANSWER_TIMEOUT,
  progress: STUCK_AFTER,
  chores: 500,
};

/** Callers who come while the loop is busy, and wait to be let in; the system may keep fewer. */
const BACKLOG = 4096;

export interface StartOptions {
  ports?: Ports;
  patience?: Partial<Patience>;
  /**
   * Called once it waits for nobody else: what it does from then on, such as a secret to tell, has to come to its end.
   */
  begun?: () => void;
}

/** Opens the database, listens and serves. Rejects where the settings, the database or the port do not allow it. */
export async function startServer(
  config: Config,
  { ports, patience, begun }: StartOptions = {},
): Promise<RunningServer> {
  const logger = createLogger(config.logLevel);
  // An RSA key takes a while to make; where one is stored already, the next start does not wait for this one.
  const generatedKey = generateSigningKey(config.signingAlg);
  const ward = await openWard(config, { ports, report: (problem) => logger.warn(problem), begun });
  try {
    return await listen(ward, logger, generatedKey, { ...PATIENCE, ...patience });
  } catch (error) {
    await ward.close();
    throw error;
  }
}

async function listen(
  ward: Ward,
  logger: Logger,
  generatedKey: Promise<JWK>,
  { request: requestTimeout, answer, progress, chores }: Patience,
): Promise<RunningServer> {
  let resolveHandler: (handle: Handler) => void = () => undefined;
  // With PORT=0 the public address is known only after listening; a request that comes sooner waits for it.
  const handler = new Promise<Handler>((resolve) => {
    resolveHandler = resolve;
  });
  // Node looks for late requests in intervals: one that is as long as the timeout would double it.
  const timeouts = {
    requestTimeout,
    headersTimeout: requestTimeout,
    connectionsCheckingInterval: requestTimeout / 10,
    keepAliveTimeout: IDLE_TIMEOUT,
  };
  const server = createServer({ ...timeouts, maxHeaderSize: LONGEST_HEAD }, (request, response) => {
    // Nothing is done for who was told that the connection ends, and can be told no more.
    if (request.socket.writableEnded) return void request.socket.destroy();
    open.asked(response);
    void handler.then(async (handle) => {
      await handle(request, response);
      open.answered(response);
      limitReading(request, response, answer);
    });
  });
  const open = new OpenConnections(server);
  const requests = new RequestMetrics();
  answerUnread(server, { open, requests, logger });
  const loop = watchEventLoop();
  const door = new Door(loop);
  const desk = new Desk(ward.config, ward.startThread);
  door.watch(server);
  const port = await bind(server, ward.config);
  const config = atPort(ward.config, port);
  const report = (problem: string) => logger.warn(problem);
  const auth = await createAuth({ ...ward, settings: config, generatedKey, report });
  const app = createApp({
    ...ward,
    config,
    auth,
    logger,
    loop,
    door,
    desk,
    stuckAfter: progress,
    requests,
    connections: () => open.size,
  });
  const upkeep = startUpkeep(auth.chores, { clock: ward.clock, look: chores, report });
  resolveHandler(app.callback());
  if (ward.root.outcome === 'reset') logger.info(`The secret of the root client ${ward.root.id} was set anew`);
  logger.info({ database: ward.database.dialect.name }, `Listening on ${config.baseUrl} (port ${port})`);
  const greeting = ward.root.outcome === 'created' ? welcome(config, ward.root) : '';
  return {
    url: config.baseUrl,
    port,
    welcome: greeting,
    close: async () => {
      logger.info('Stopping');
      await open.end();
      for (const step of [upkeep.stop, ward.close, () => desk.close(), async () => loop.stop()]) await step();
      logger.info('Stopped');
    },
  };
}

/** Takes the port of the settings, and gives the one that was taken. */
async function bind(server: Server, { host, port }: Config): Promise<number> {
  server.listen({ port, host, backlog: BACKLOG });
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'EADDRINUSE') throw new ConfigError(`PORT ${port} is in use; PORT takes another, or 0 for a free one`);
    if (code === 'EACCES') throw new ConfigError(`PORT ${port} may not be listened on (EACCES); PORT takes another`);
    throw new ConfigError(`HOST cannot be listened on (${code}); HOST takes an address of this machine`);
  }
  return (server.address() as AddressInfo).port;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
