/** A proxy between a server and its database, which a test redirects and makes fail like a network. */
import { connect, createServer, type Socket } from 'node:net';
import type { TestDatabase } from './database.ts';

export interface Relay {
  port: number;
  /** Redirects new connections to this port. */
  turn(port: number): void;
  /** When this text is next sent, drops the response to it and cuts the connection. */
  swallow(text: string): void;
  /** Returns true if a response has been dropped since `swallow`. */
  swallowed(): boolean;
  /** Stops forwarding without closing anything, as if the host had vanished; also for new connections. */
  vanish(): void;
  /** Serves new connections again; existing ones stay as they are. */
  appear(): void;
  /** Closes all connections. */
  cut(): void;
  close(): Promise<void>;
}

/** Starts a proxy to a local port. */
export async function startRelay(to: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let target = to;
  let wanted: string | undefined;
  let kept = false;
  let isGone = false;
  const track = (socket: Socket, other: () => Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      other().destroy();
    });
  };
  const vanish = () => {
    isGone = true;
    for (const socket of sockets) socket.removeAllListeners('data').removeAllListeners('close').pause();
  };
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    let isMuted = false;
    track(client, () => upstream);
    track(upstream, () => client);
    if (isGone) return vanish();
    client.on('data', (chunk) => {
      if (wanted !== undefined && chunk.includes(wanted)) {
        isMuted = true;
        wanted = undefined;
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (!isMuted) client.write(chunk);
      else {
        kept = true;
        client.destroy();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    turn: (port) => {
      target = port;
    },
    swallow: (text) => {
      wanted = text;
      kept = false;
    },
    swallowed: () => kept,
    vanish,
    appear: () => {
      isGone = false;
    },
    cut,
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Returns the same database, reached through the relay. */
export function through({ port }: Relay, database: TestDatabase): TestDatabase {
  const url = new URL(database.url);
  url.host = `127.0.0.1:${port}`;
  return { ...database, url: url.href };
}
