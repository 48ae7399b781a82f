/** Chosen secrets are kept as Argon2id hashes (https://www.rfc-editor.org/rfc/rfc9106). */
import { createHmac } from 'node:crypto';
import { hash as argon2, verify as argon2Verify } from '@node-rs/argon2';
import type { Clock, RandomBytes } from '../resources/clock.ts';
import { Failure } from '../resources/errors.ts';
import type { SecretHasher } from '../resources/secrets.ts';

// 19 MiB, two passes, one lane; the library's default variant is argon2id.
const COST = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const;
const LONGEST_QUEUE = 50;
const REMEMBERED_MS = 60_000;
const MOST_REMEMBERED = 10_000;

export interface Passwords extends SecretHasher {
  /**
   * True when the secret gives one of an account's hashes. Without hashes the same work is done in vain, so that
   * the time does not tell whether the account exists. Rejects with a `busy` Failure when too many wait.
   */
  matches(account: string, secret: string, hashes: readonly string[]): Promise<boolean>;
}

/** Hashes and compares chosen secrets, one at a time, and remembers for a minute what it has verified. */
export function createPasswords({ clock, random }: { clock: Clock; random: RandomBytes }): Passwords {
  const inTurn = oneAtATime();
  const remembered = new Remembered(clock);
  const underway = new Map<string, Promise<boolean>>();
  const memoryKey = random(32);

  const hash = (secret: string) => inTurn(() => argon2(secret, COST));
  const verify = (secret: string, stored: string) => inTurn(() => argon2Verify(stored, secret).catch(() => false));

  /** A comparison that others ask for at the same moment is made once. */
  async function matchesOne(account: string, secret: string, stored: string): Promise<boolean> {
    // The stored hash is part of the memory's key: a credential that changes is not remembered any more.
    const memory = createHmac('sha256', memoryKey)
      .update(JSON.stringify([account, stored, secret]))
      .digest('base64');
    if (remembered.has(memory)) return true;
    const running = underway.get(memory) ?? verify(secret, stored).finally(() => underway.delete(memory));
    underway.set(memory, running);
    const matched = await running;
    if (matched) remembered.add(memory);
    return matched;
  }

  return {
    hash,
    verify,
    matches: async (account, secret, hashes) => {
      if (hashes.length === 0) {
        await hash(secret);
        return false;
      }
      for (const stored of hashes) if (await matchesOne(account, secret, stored)) return true;
      return false;
    },
  };
}

/** Keys that are good for a minute; the oldest give way when there are too many. */
class Remembered {
  readonly #clock: Clock;
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(key: string): boolean {
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (this.#clock() < until) return true;
    this.#until.delete(key);
    return false;
  }

  add(key: string): void {
    this.#until.delete(key);
    this.#until.set(key, this.#clock() + REMEMBERED_MS);
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= MOST_REMEMBERED) break;
      this.#until.delete(oldest);
    }
  }
}

/**
 * Argon2 shares its threads with the database: several hashes at a time would stop all reads.
 * So they run one after another, and a long queue is refused rather than waited for.
 */
function oneAtATime(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = -1;
  return async (work) => {
    if (waiting >= LONGEST_QUEUE) {
      throw new Failure('busy', 'Too many credentials are being checked. Try again in a moment.', { retryAfter: 2 });
    }
    waiting += 1;
    const turn = last.then(work).finally(() => {
      waiting -= 1;
    });
    last = turn.catch(() => undefined);
    return turn;
  };
}
