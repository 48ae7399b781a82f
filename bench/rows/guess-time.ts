/** Timing of wrong guesses: does it reveal if an account exists? */
import { Agent } from 'node:http';
import path from 'node:path';
import { type RequestOptions, request } from '../../test/harness/http.ts';
import { ROOT_SECRET, startOurs } from '../children.ts';
import type { Context, Row, Sides } from '../row.ts';

const WARM_UP = 20;

/** An existing and a missing account, and a wrong guess for them. */
interface Guess {
  name: string;
  floor: string;
  form(account: string): Record<string, string>;
  unknown: string;
  known: string;
}

async function measure(context: Context, guess: Guess): Promise<Sides> {
  const database = `sqlite:${path.join(context.folder, `guess-${guess.known}.db`)}`;
  // Each guess comes from a different address, so that none is rate limited.
  const server = await startOurs(context, database, { TRUSTED_PROXIES: '127.0.0.0/8' });
  const agent = new Agent({ keepAlive: true });
  const send = (method: string, address: string, options: RequestOptions) =>
    request(server.url, agent, method, address, options);
  try {
    const as = { basic: ['root', ROOT_SECRET] } as const;
    for (const [address, json] of [
      ['/Client/public', { grant_types: ['password'] }],
      ['/Client/known', { secret: ['one-secret', 'another-secret'], grant_types: ['client_credentials'] }],
      ['/User/ann', { password: 'correct-horse' }],
    ] as const) {
      const { status, text } = await send('PUT', address, { as, json });
      if (status >= 300) throw new Error(`PUT ${address}: ${status} ${text}`);
    }
    let sent = 0;
    const time = async (account: string): Promise<number> => {
      sent += 1;
      const headers = { 'x-forwarded-for': `198.${18 + (sent >> 16)}.${(sent >> 8) & 255}.${sent & 255}` };
      const began = performance.now();
      const { status, text } = await send('POST', '/auth/token', { form: guess.form(account), headers });
      if (status !== 400 && status !== 401) throw new Error(`a wrong guess was answered ${status} ${text}`);
      return performance.now() - began;
    };
    for (let turn = 0; turn < WARM_UP; turn += 1) await time(turn % 2 === 0 ? guess.known : guess.unknown);
    const sides: Sides = { floor: [], ours: [] };
    const until = performance.now() + context.seconds * context.rounds * 1000;
    // In turn, so that noise of the machine affects both.
    while (performance.now() < until) {
      context.say(`${guess.name}: ${sides.ours.length} guesses`);
      sides.floor.push(await time(guess.unknown));
      sides.ours.push(await time(guess.known));
    }
    return sides;
  } finally {
    agent.destroy();
    await server.stop();
  }
}

function row(guess: Guess): Row {
  return {
    name: guess.name,
    part: 'guesses',
    floor: guess.floor,
    unit: 'ms',
    // Generous: different work would make a difference of a whole factor.
    target: { within: 1.25 },
    measure: (context) => measure(context, guess),
  };
}

/** Wrong passwords and wrong secrets; the known Client has two secrets, as during a rotation. */
export const guessTimes: readonly Row[] = [
  row({
    name: 'wrong password of a User',
    floor: 'unknown User',
    form: (username) => ({ grant_type: 'password', client_id: 'public', username, password: 'wrong-guess' }),
    unknown: 'bob',
    known: 'ann',
  }),
  row({
    name: 'wrong secret of a Client that has two',
    floor: 'unknown Client',
    form: (id) => ({ grant_type: 'client_credentials', client_id: id, client_secret: 'wrong-guess' }),
    unknown: 'unknown',
    known: 'known',
  }),
];
