/** A relay between a server and its database, which a test turns elsewhere and makes fail as networks do. */
import { connect, createServer, type Socket } from 'node:net';
import type { TestDatabase } from './database.ts';

export interface Relay {
  port: number;
  /** Connections that come from now on go to this port. */
  turn(port: number): void;
  /** The next time that this text is sent, its answer is kept back once it has come, and its connection is cut. */
  swallow(text: string): void;
  /** Whether an answer was kept back since it was asked for. */
  swallowed(): boolean;
  /** Passes nothing on any more and ends nothing, as if the host had vanished; connections that come fare likewise. */
  vanish(): void;
  /** Serves connections that come from now on; the others stay as they are. */
  appear(): void;
  /** Ends all connections. */
  cut(): void;
  close(): Promise<void>;
}

/** Relays connections to a port of this machine. */
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

/** The same database by another way to it. */
export function through({ port }: Relay, database: TestDatabase): TestDatabase {
  const url = new URL(database.url);
  url.host = `127.0.0.1:${port}`;
  return { ...database, url: url.href };
}
