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
import { answerUnparsable } from './http/unparsable.ts';
import { AdmissionQueue } from './load/admission-queue.ts';
import { BodyScheduler } from './load/body-scheduler.ts';
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
  /** The port that it listens on. */
  port: number;
  /** The text for the operator after the first start on an empty database; otherwise empty. */
  welcome: string;
  /** Stops accepting connections, finishes requests in flight, and closes the database. */
  close(): Promise<void>;
}

/** Milliseconds a request may take to arrive before Node answers 408, so that none can trickle in forever. */
export const REQUEST_TIMEOUT = 30_000;

/**
 * Milliseconds to keep an idle connection. Load balancers keep theirs for up to a minute: if the server closed one
 * first, just as a request is sent on it, the caller would see an error.
 */
const IDLE_TIMEOUT = 75_000;

/** Timeouts in milliseconds of real time, whatever the server's clock says. */
export interface Patience {
  /** For the client to send a whole request. */
  request: number;
  /** For the client to read a whole response. */
  answer: number;
  /** For the client to take some bytes of its response, when too many bytes are buffered. */
  progress: number;
  /** Between two checks whether a chore is due. */
  chores: number;
}

const PATIENCE: Patience = {
  request: REQUEST_TIMEOUT,
  answer: ANSWER_TIMEOUT,
  progress: STUCK_AFTER,
  chores: 500,
};

/** Pending connections while the event loop is busy; the operating system may allow fewer. */
const BACKLOG = 4096;

export interface StartOptions {
  ports?: Ports;
  patience?: Partial<Patience>;
  /** Called once the start waits for no other process; the work after it, such as printing a secret, must finish. */
  begun?: () => void;
}

/** Opens the database, listens and serves. Rejects if the settings, the database or the port do not allow it. */
export async function startServer(
  config: Config,
  { ports, patience, begun }: StartOptions = {},
): Promise<RunningServer> {
  const logger = createLogger(config.logLevel);
  // Generating an RSA key takes a while; the start does not wait for it if a key is already stored.
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
  // With PORT=0 the public address is known only after listening; requests that arrive earlier wait for it.
  const handler = new Promise<Handler>((resolve) => {
    resolveHandler = resolve;
  });
  // Node checks for late requests at intervals: an interval as long as the timeout would double it.
  const timeouts = {
    requestTimeout,
    headersTimeout: requestTimeout,
    connectionsCheckingInterval: requestTimeout / 10,
    keepAliveTimeout: IDLE_TIMEOUT,
  };
  const server = createServer({ ...timeouts, maxHeaderSize: LONGEST_HEAD }, (request, response) => {
    // Do no work for a client that has been told that the connection ends: it can get no response.
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
  answerUnparsable(server, { open, requests, logger });
  const loop = watchEventLoop();
  const admissionQueue = new AdmissionQueue(loop);
  const bodyScheduler = new BodyScheduler(ward.config, ward.startThread);
  admissionQueue.watch(server);
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
    admissionQueue,
    bodyScheduler,
    stuckAfter: progress,
    requests,
    connections: () => open.size,
  });
  const upkeep = startUpkeep(auth.chores, { clock: ward.clock, look: chores, report });
  resolveHandler(app.callback());
  if (ward.root.outcome === 'reset') logger.info(`The secret of the root client ${ward.root.id} was reset`);
  logger.info({ database: ward.database.dialect.name }, `Listening on ${config.baseUrl} (port ${port})`);
  const greeting = ward.root.outcome === 'created' ? welcome(config, ward.root) : '';
  return {
    url: config.baseUrl,
    port,
    welcome: greeting,
    close: async () => {
      logger.info('Stopping');
      await open.end();
      for (const step of [upkeep.stop, ward.close, () => bodyScheduler.close(), async () => loop.stop()]) await step();
      logger.info('Stopped');
    },
  };
}

/** Listens on the configured host and port; returns the actual port. */
async function bind(server: Server, { host, port }: Config): Promise<number> {
  server.listen({ port, host, backlog: BACKLOG });
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'EADDRINUSE')
      throw new ConfigError(`PORT ${port} is in use; set PORT to another port, or to 0 for a free one`);
    if (code === 'EACCES')
      throw new ConfigError(`no permission to listen on PORT ${port} (EACCES); set PORT to another port`);
    throw new ConfigError(`cannot listen on HOST (${code}); HOST must be an address of this machine`);
  }
  return (server.address() as AddressInfo).port;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
