/** Sends one request as raw bytes on its own connection, so that no client library repairs it. */
import { connect } from 'node:net';

export interface RawReply {
  status: number;
  /** By lower-case name. */
  headers: Map<string, string>;
  text: string;
}

/** Milliseconds after which a request counts as hanging. */
const PATIENCE = 30_000;

/** Bytes to send; for an incomplete request the end of the stream must be signalled. */
export interface RawRequest {
  bytes: Buffer;
  whole: boolean;
}

/**
 * Sends bytes and reads the response until the server closes the connection; undefined if it closes without one.
 * Rejects on a timeout.
 */
export function exchange(port: number, { bytes, whole }: RawRequest): Promise<RawReply | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer in ${PATIENCE} ms: ${Buffer.concat(chunks).toString('latin1')}`));
    }, PATIENCE);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A server that rejects a request early resets the connection; what arrived before the reset counts.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(parse(Buffer.concat(chunks)));
    });
    if (whole) socket.write(bytes);
    else socket.end(bytes);
  });
}

function parse(bytes: Buffer): RawReply | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0);
  const rest = bytes.subarray(end + 4);
  // 100 Continue precedes the final response.
  if (status < 200) return parse(rest);
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = headers.get('transfer-encoding') === 'chunked' ? joined(rest) : rest;
  return { status, headers, text: body.toString() };
}

/** Decodes a chunked body (RFC 9112 §7.1). */
function joined(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let rest = bytes;
  for (;;) {
    const line = rest.indexOf('\r\n');
    const length = Number.parseInt(rest.subarray(0, Math.max(line, 0)).toString('latin1'), 16);
    if (!(length > 0)) return Buffer.concat(parts);
    parts.push(rest.subarray(line + 2, line + 2 + length));
    rest = rest.subarray(line + 4 + length);
  }
}
