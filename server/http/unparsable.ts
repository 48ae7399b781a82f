/** Requests that Node cannot parse and answers without the app. */
import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { OpenConnections } from '../load/open-connections.ts';
import type { RequestMetrics } from '../metrics/requests.ts';
import { plain } from './locate.ts';

/** The status of Node's own answer, by error code. */
const ANSWERS: Record<string, number> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

/** Returns the status of Node's own answer to an error; undefined if the connection broke. */
export function statusOfUnparsable(error: Error | null): number | undefined {
  const code = codeOf(error);
  return ANSWERS[code] ?? (code.startsWith('HPE_') ? 400 : undefined);
}

/** Answers an unparsable request as Node does by default, and also counts and logs it like any other. */
export function answerUnparsable(
  server: Server,
  { open, requests, logger }: { open: OpenConnections; requests: RequestMetrics; logger: Logger },
): void {
  server.on('clientError', (error: Error, socket: Socket) => {
    const status = statusOfUnparsable(error);
    const { isSending, isArriving } = open.stateOf(socket);
    if (status !== undefined && socket.writable && !isSending) {
      socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
      // If the head has arrived, the app has the request and logs it. A connection that sent nothing made no request.
      if (!isArriving && socket.bytesRead > 0) {
        requests.countUnparsable(status);
        const address = plain(socket.remoteAddress ?? '');
        logger.info({ status, address, cause: codeOf(error) }, 'A request could not be parsed');
      }
    }
    socket.destroy(error);
  });
}

function codeOf(error: Error | null): string {
  return error && 'code' in error ? String(error.code) : '';
}
