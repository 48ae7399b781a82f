/** Requests that never come to the app, since Node cannot read them: it answers by itself. */
import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { OpenConnections } from '../load/open-connections.ts';
import type { RequestMetrics } from '../metrics/requests.ts';
import { plain } from './locate.ts';

/** What Node answers by itself, by the code of what is wrong. */
const ANSWERS: Record<string, number> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

/** The status with which a request is ended by itself for an error; undefined where the connection has broken. */
export function statusOfUnread(error: Error | null): number | undefined {
  const code = codeOf(error);
  return ANSWERS[code] ?? (code.startsWith('HPE_') ? 400 : undefined);
}

/** Answers what cannot be read as Node does where nobody listens, and counts it and logs it as whatever is answered. */
export function answerUnread(
  server: Server,
  { open, requests, logger }: { open: OpenConnections; requests: RequestMetrics; logger: Logger },
): void {
  server.on('clientError', (error: Error, socket: Socket) => {
    const status = statusOfUnread(error);
    const { isSending, isArriving } = open.stateOf(socket);
    if (status !== undefined && socket.writable && !isSending) {
      socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
      // One whose head has come is with the app, which tells of it; and who never sent anything asked for nothing.
      if (!isArriving && socket.bytesRead > 0) {
        requests.countUnread(status);
        const address = plain(socket.remoteAddress ?? '');
        logger.info({ status, address, cause: codeOf(error) }, 'A request could not be read');
      }
    }
    socket.destroy(error);
  });
}

function codeOf(error: Error | null): string {
  return error && 'code' in error ? String(error.code) : '';
}
