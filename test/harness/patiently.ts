import { setTimeout as wait } from 'node:timers/promises';
import type { Reply } from './http.ts';

/**
 * Repeats a request after `Retry-After` as long as the response is 503: a busy machine rejects many requests at once,
 * and a rejected request has changed nothing.
 */
export async function patiently(ask: () => Promise<Reply>): Promise<Reply> {
  for (;;) {
    const reply = await ask();
    if (reply.status !== 503) return reply;
    await wait(1000 * (Number(reply.header('retry-after')) || 1));
  }
}
