/** Chosen secrets are stored as Argon2id hashes (https://www.rfc-editor.org/rfc/rfc9106). */
import { hash as digest, timingSafeEqual } from 'node:crypto';
import { hash as argon2 } from '@node-rs/argon2';
import type { Clock, RandomBytes } from '../../resources/clock.ts';
import { remember } from '../../resources/remember.ts';
import type { SecretHasher } from '../../resources/secrets.ts';
import { type Claimant, FairQueue } from './fair-queue.ts';

/** The cost of a hash: KiB of memory, passes and lanes. */
export interface HashCost {
  memoryCost: number;
  timeCost: number;
  parallelism: number;
}

// 19 MiB, two passes, one lane; the library's default variant is argon2id.
const COST: HashCost = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };
/** The prefix of an encoded hash, with everything needed to hash another secret the same way. */
const MANNER = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$/;
const LONGEST_QUEUE = 50;
const REMEMBERED_MS = 60_000;
const MOST_REMEMBERED = 10_000;

export interface Passwords extends SecretHasher {
  /**
   * Returns true if the secret matches one of an account's hashes. All secrets of an account share a salt, so one
   * computation compares with all of them; without any hash the same work is done in vain. The time thus reveals
   * neither how many secrets there are nor whether the account exists. Rejects with a `busy` Failure if too many are
   * waiting.
   */
  matches(account: string, secret: string, hashes: readonly string[], asker?: Claimant): Promise<boolean>;
  /**
   * Returns the hash of the account that the secret matched within the last minute; it may have been replaced since.
   */
  recall(account: string, secret: string): string | undefined;
}

/** The claimant of hashes for resource writes: they wait like one more network. */
const WRITES: Claimant = { network: '', isKnown: async () => false };

export interface PasswordsOptions {
  clock: Clock;
  random: RandomBytes;
  /** A monotonic clock in milliseconds; default: `performance.now`. */
  elapsed?: (() => number) | undefined;
  /** The cost of new hashes; no setting, only for tests that are about something else. */
  hashCost?: HashCost | undefined;
}

/** Hashes and compares chosen secrets, one at a time, and caches successful comparisons for a minute. */
export function createPasswords(options: PasswordsOptions): Passwords {
  const { clock, random, elapsed = () => performance.now(), hashCost = COST } = options;
  // Argon2 shares the thread pool with the database: several concurrent hashes would block all reads.
  const turns = new FairQueue(LONGEST_QUEUE, elapsed);
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

  // The digests are never disclosed, so a prefixed key is enough: an HMAC takes three times as long.
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
      // The cache holds the stored hash: after a change of the credential it is no longer among `hashes`.
      if (hashes.includes(remembered.get(memory) ?? '')) return true;
      // Concurrent requests for the same comparison share it.
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

/** Returns the distinct prefixes of the hashes; the secrets of one account have a single one. */
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

/** A cache of hashes with a lifetime of a minute. The oldest entries are evicted when it is full. */
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
