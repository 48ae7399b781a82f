/** One request on a connection of its own, written byte by byte: nothing on the way makes it better than it is. */
import { connect } from 'node:net';

export interface RawReply {
  status: number;
  /** By lower-case name. */
  headers: Map<string, string>;
  text: string;
}

/** Milliseconds after which a request counts as hanging. */
const PATIENCE = 30_000;

/** Bytes to send; of a request that is not whole, the end has to be told. */
export interface RawRequest {
  bytes: Buffer;
  whole: boolean;
}

/**
 * Sends bytes and reads the answer until the server ends the connection; undefined where it ended it without one.
 * Rejects where it does neither in time.
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
    // A server that refuses a request before its end resets the connection: what came before that counts.
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
  // 100 Continue goes before the answer.
  if (status < 200) return parse(rest);
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = headers.get('transfer-encoding') === 'chunked' ? joined(rest) : rest;
  return { status, headers, text: body.toString() };
}

/** The body within chunks (RFC 9112 §7.1). */
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
