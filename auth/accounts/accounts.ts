import type { Engine } from '../../resources/engine.ts';
import type { KnownClients } from '../clients/known-clients.ts';
import { isUsable, type Stored } from '../stored.ts';
import type { Claimant } from './fair-queue.ts';
import type { Attempt, Caller, Guessing } from './guessing.ts';
import type { Passwords } from './passwords.ts';

/** An attempt to authenticate as an account. */
export interface Claim extends Caller {
  /** The account; undefined if none has the name. */
  account: Stored | undefined;
  /** The name under which failures are counted. */
  name: string;
  /** Which credential of the account is presented. */
  credential: 'secret' | 'password';
  /** The presented secret, in every possible decoding. Any of them may match. */
  secrets: readonly string[];
}

export interface Accounts {
  /**
   * Returns true if the secret belongs to the account and the account is active. Unknown accounts, accounts without a
   * secret and wrong secrets take the same time. Rejects with a `throttled` or `busy` Failure.
   */
  prove(claim: Claim): Promise<boolean>;
  /**
   * Returns the Client if its secret was proven within the last minute and is still valid; undefined if it must be
   * proven. Rejects with a `throttled` Failure.
   */
  recall(claim: Pick<Claim, 'name' | 'secrets' | 'address'> & { id: string }): Promise<Stored | undefined>;
  /**
   * Runs a check of a credential that cannot be guessed: a signature. Failures count against the address, never against
   * the account. Rejects with a `throttled` Failure, or with the error of the check; an error counts against nobody.
   */
  verify(name: string, caller: Caller, check: () => Promise<boolean>): Promise<boolean>;
}

/** Creates the only place that compares chosen secrets, protected against guessing. */
export function createAccounts(options: {
  engine: Engine;
  passwords: Passwords;
  guessing: Guessing;
  knownClients: KnownClients;
}): Accounts {
  const { engine, passwords, guessing, knownClients } = options;

  async function compare({ account, name, credential, secrets }: Claim, asker: Claimant): Promise<boolean> {
    // A switched-off account is treated as unknown: caching a right guess at it would reveal that it is right.
    const held = account && isUsable(account.resource) ? await engine.credentials.of(account.key, credential) : [];
    const hashes = held.map(({ hash }) => hash);
    let matched = false;
    for (const secret of secrets) matched ||= await passwords.matches(name, secret, hashes, asker);
    return matched;
  }

  async function settle(attempt: Attempt, check: () => Promise<boolean>): Promise<boolean> {
    let proven: boolean;
    try {
      proven = await check();
    } catch (error) {
      attempt.released();
      throw error;
    }
    await (proven ? attempt.succeeded() : attempt.failed());
    return proven;
  }

  return {
    async prove(claim) {
      const attempt = await guessing.begin(claim.name, claim);
      return settle(attempt, () => compare(claim, attempt));
    },
    async recall({ id, name, secrets, address }) {
      const proven = secrets.flatMap((secret) => passwords.recall(name, secret) ?? []);
      const known = proven.length === 0 ? undefined : await knownClients.find(id);
      if (!known || !isUsable(known.client.resource)) return undefined;
      if (!proven.some((hash) => known.secrets.includes(hash))) return undefined;
      await guessing.pass(name, address);
      return known.client;
    },
    async verify(name, caller, check) {
      return settle(await guessing.begin(name, caller, 'cannot be guessed'), check);
    },
  };
}
