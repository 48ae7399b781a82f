import { setTimeout as wait } from 'node:timers/promises';
import type { Reply } from './http.ts';

/**
 * Asks again, when it is told to, for as long as it is refused with 503: a busy machine has that happen to many
 * requests at once, and what was refused has changed nothing.
 */
export async function patiently(ask: () => Promise<Reply>): Promise<Reply> {
  for (;;) {
    const reply = await ask();
    if (reply.status !== 503) return reply;
    await wait(1000 * (Number(reply.header('retry-after')) || 1));
  }
}
