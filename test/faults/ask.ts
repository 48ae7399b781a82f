/** What a server says of a request while something fails, as whoever has sent it may take it. */
import { expect } from 'chai';
import type { Reply, RequestOptions } from '../harness/http.ts';

/** What requests are sent to. */
export interface Served {
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
}

/**
 * `done`: there is an answer that says what became of it. `absent`: it is said that nothing was stored. `open`: nothing
 * is answered, or that nobody knows.
 */
export type Said = { of: 'done'; reply: Reply } | { of: 'absent' } | { of: 'open' };

/** Milliseconds: what goes wrong is to be told sooner. */
const PATIENCE = 15_000;

/** Sends a request. Fails the test where it is refused as nothing excuses. */
export async function ask(server: Served, method: string, path: string, options?: RequestOptions): Promise<Said> {
  const reply = await server.request(method, path, { timeout: PATIENCE, ...options }).catch(() => undefined);
  if (reply === undefined) return { of: 'open' };
  if (reply.status !== 503) return { of: 'done', reply };
  expect(Number(reply.header('retry-after')), reply.text).to.be.above(0);
  // As a client would, it lets the server breathe: an answer that comes at once would be asked for without end.
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { of: isInDoubt(reply.text) ? 'open' : 'absent' };
}

/** True of a refusal that says that it may have been stored. */
export function isInDoubt(text: string): boolean {
  return /stored as a whole or not/.test(text);
}

/** Sends a request until it is done, and tells whether one of those before may have been, too. */
export async function askUntilDone(
  server: Served,
  method: string,
  path: string,
  options?: RequestOptions,
): Promise<{ reply: Reply; again: boolean }> {
  for (let again = false; ; ) {
    const said = await ask(server, method, path, options);
    if (said.of === 'done') return { reply: said.reply, again };
    again ||= said.of === 'open';
  }
}
