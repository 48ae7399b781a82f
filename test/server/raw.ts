/** Requests written byte by byte: halves of them, and what no HTTP library would send. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { asRoot } from '../harness/server.ts';

export interface RawConnection {
  socket: Socket;
  /** Sends text or bytes as they are. */
  send(data: string | Buffer): void;
  /** Everything that came, once a pattern is in it or the other side has ended. */
  received(pattern: RegExp): Promise<string>;
  /** Everything that came until the other side ended the connection. */
  rest(): Promise<string>;
}

/** The header with which the root client speaks for itself. */
export const ROOT_AUTHORIZATION = `Authorization: Basic ${
  'basic' in asRoot ? Buffer.from(asRoot.basic.join(':')).toString('base64') : ''
}`;

/** Connects to a port of this machine; half open, it can send on when the other side has ended. */
export async function openRaw(port: number, allowHalfOpen = false): Promise<RawConnection> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen });
  await once(socket, 'connect');
  let text = '';
  let over = false;
  let wake: () => void = () => undefined;
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    wake();
  });
  const end = () => {
    over = true;
    wake();
  };
  socket.on('close', end);
  // A reset is an end like any other.
  socket.on('error', end);
  const until = async (enough: () => boolean): Promise<string> => {
    while (!enough() && !over) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return text;
  };
  return {
    socket,
    send: (data) => socket.write(data),
    received: (pattern) => until(() => pattern.test(text)),
    rest: () => until(() => false),
  };
}

/** The head of a POST to a path, with these headers, and the blank line behind it. */
export function postHead(path: string, headers: string[]): string {
  return [`POST ${path} HTTP/1.1`, 'Host: localhost', ROOT_AUTHORIZATION, ...headers, '', ''].join('\r\n');
}
