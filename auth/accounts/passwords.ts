/** Chosen secrets are kept as Argon2id hashes (https://www.rfc-editor.org/rfc/rfc9106). */
import { hash as digest, timingSafeEqual } from 'node:crypto';
import { hash as argon2 } from '@node-rs/argon2';
import type { Clock, RandomBytes } from '../../resources/clock.ts';
import { remember } from '../../resources/remember.ts';
import type { SecretHasher } from '../../resources/secrets.ts';
import { type Claimant, Turns } from './turns.ts';

/** What a hash takes: KiB of memory, passes over them and lanes. */
export interface HashCost {
  memoryCost: number;
  timeCost: number;
  parallelism: number;
}

// 19 MiB, two passes, one lane; the library's default variant is argon2id.
const COST: HashCost = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };
/** What stands before the digest of an encoded hash: all that a secret needs to be hashed the same way. */
const MANNER = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$/;
const LONGEST_QUEUE = 50;
const REMEMBERED_MS = 60_000;
const MOST_REMEMBERED = 10_000;

export interface Passwords extends SecretHasher {
  /**
   * True when the secret gives one of an account's hashes. The secrets of an account share their salt, so that one
   * computation compares with all of them; without any the same work is done in vain. So the time tells neither how
   * many there are nor whether the account exists. Rejects with a `busy` Failure when too many wait.
   */
  matches(account: string, secret: string, hashes: readonly string[], asker?: Claimant): Promise<boolean>;
  /** The hash of an account that the secret gave within the last minute; it may not be its hash any more. */
  recall(account: string, secret: string): string | undefined;
}

/** What writes of resources ask for: it waits like one more network. */
const WRITES: Claimant = { network: '', isKnown: async () => false };

export interface PasswordsOptions {
  clock: Clock;
  random: RandomBytes;
  /** Milliseconds of a clock that nobody sets; the process's own where it is not given. */
  elapsed?: (() => number) | undefined;
  /** What new hashes cost. No setting says it: only tests do, which are about something else. */
  hashCost?: HashCost | undefined;
}

/** Hashes and compares chosen secrets, one at a time, and remembers for a minute what it has verified. */
export function createPasswords(options: PasswordsOptions): Passwords {
  const { clock, random, elapsed = () => performance.now(), hashCost = COST } = options;
  // Argon2 shares its threads with the database: several hashes at a time would stop all reads.
  const turns = new Turns(LONGEST_QUEUE, elapsed);
  const remembered = new Remembered(clock);
  const underway = new Map<string, Promise<string | undefined>>();
  const memoryKey = random(32).toString('base64');

  async function computed(secret: string, manner: string | undefined, asker: Claimant): Promise<string> {
    const place = { ...asker, isKnown: await asker.isKnown() };
    return turns.take(() => argon2(secret, manner ? optionsOf(manner) : hashCost), place);
  }

  const hash: Passwords['hash'] = (secret, beside = []) => {
    const [manner] = mannersOf(beside);
    return computed(secret, manner, WRITES);
  };

  async function compare(secret: string, hashes: readonly string[], asker: Claimant): Promise<string | undefined> {
    let matched: string | undefined;
    for (const manner of mannersOf(hashes)) {
      const made = Buffer.from(await computed(secret, manner, asker));
      for (const stored of hashes) {
        const held = Buffer.from(stored);
        if (held.length === made.length && timingSafeEqual(held, made)) matched = stored;
      }
    }
    return matched;
  }

  // Nobody is told a digest, so that a key before the text will do: an HMAC takes three times as long.
  const memoryOf = (account: string, secret: string) =>
    digest('sha256', memoryKey + JSON.stringify([account, secret]), 'base64');

  return {
    hash,
    match: (secret, hashes) => compare(secret, hashes, WRITES),
    async matches(account, secret, hashes, asker = WRITES) {
      if (hashes.length === 0) {
        await computed(secret, undefined, asker);
        return false;
      }
      const memory = memoryOf(account, secret);
      // What is remembered is a stored hash: a credential that has changed is not the account's any more.
      if (hashes.includes(remembered.get(memory) ?? '')) return true;
      // A comparison that others ask for at the same moment is made once.
      const asked = [memory, ...[...hashes].sort()].join();
      const running = underway.get(asked) ?? compare(secret, hashes, asker).finally(() => underway.delete(asked));
      underway.set(asked, running);
      const matched = await running;
      if (matched !== undefined) remembered.set(memory, matched);
      return matched !== undefined;
    },
    recall: (account, secret) => remembered.get(memoryOf(account, secret)),
  };
}

/** The ways in which hashes were made, each once; one for the secrets of an account. */
function mannersOf(hashes: readonly string[]): Set<string> {
  return new Set(hashes.flatMap((hash) => MANNER.exec(hash)?.[0] ?? []));
}

function optionsOf(manner: string): HashCost & { salt: Buffer } {
  const [, memoryCost, timeCost, parallelism, salt = ''] = MANNER.exec(manner) ?? [];
  return {
    memoryCost: Number(memoryCost),
    timeCost: Number(timeCost),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
  };
}

/** Hashes that are good for a minute; the oldest give way when there are too many. */
class Remembered {
  readonly #clock: Clock;
  readonly #hashes = new Map<string, { hash: string; until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): string | undefined {
    const remembered = this.#hashes.get(key);
    if (remembered === undefined || this.#clock() < remembered.until) return remembered?.hash;
    this.#hashes.delete(key);
    return undefined;
  }

  set(key: string, hash: string): void {
    remember(this.#hashes, key, { hash, until: this.#clock() + REMEMBERED_MS }, MOST_REMEMBERED);
  }
}
