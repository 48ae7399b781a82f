/** Asks as a caller does who goes on after a refusal. */
import { expect } from 'chai';
import type { Reply } from '../harness/http.ts';

const PATIENCE = 20_000;

/** Asks again for as long as the answer is 503, which is right where nothing else can be said; gives the other. */
export async function persistently(ask: () => Promise<Reply>): Promise<Reply> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const reply = await ask();
    if (reply.status !== 503) return reply;
    expect(reply.header('retry-after')).to.equal('1');
    if (Date.now() > deadline) throw new Error(`for ${PATIENCE} ms: 503 ${reply.text}`);
    // As a client would, it lets the server breathe: an answer that comes at once would be asked for without end.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
