import type { Engine } from '../../resources/engine.ts';
import type { KnownClients } from '../clients/known-clients.ts';
import { isUsable, type Stored } from '../stored.ts';
import type { Attempt, Caller, Guessing } from './guessing.ts';
import type { Passwords } from './passwords.ts';
import type { Claimant } from './turns.ts';

/** A claim to be an account, with what is to prove it. */
export interface Claim extends Caller {
  /** The account claimed; undefined where there is none of that name. */
  account: Stored | undefined;
  /** The name under which failures are counted. */
  name: string;
  /** Which credential of the account it is. */
  credential: 'secret' | 'password';
  /** The secret, in every reading of what was sent. Any of them may be right. */
  secrets: readonly string[];
}

export interface Accounts {
  /**
   * True where the secret is the account's and the account may be used. Unknown accounts, accounts without a
   * secret and wrong secrets cost the same. Rejects with a `throttled` or `busy` Failure.
   */
  prove(claim: Claim): Promise<boolean>;
  /**
   * The Client of a secret that was proven within the last minute, where that holds still; undefined where it has to be
   * proven. Rejects with a `throttled` Failure.
   */
  recall(claim: Pick<Claim, 'name' | 'secrets' | 'address'> & { id: string }): Promise<Stored | undefined>;
  /**
   * Runs a check of what nobody can guess: a signature. Failures count for the address, never for the account. Rejects
   * with a `throttled` Failure, and with whatever the check rejects with: then nothing is held against anyone.
   */
  verify(name: string, caller: Caller, check: () => Promise<boolean>): Promise<boolean>;
}

/** The one place where a chosen secret is compared, with its guard against guessing. */
export function createAccounts(options: {
  engine: Engine;
  passwords: Passwords;
  guessing: Guessing;
  knownClients: KnownClients;
}): Accounts {
  const { engine, passwords, guessing, knownClients } = options;

  async function compare({ account, name, credential, secrets }: Claim, asker: Claimant): Promise<boolean> {
    // One that is switched off is as none: what would be remembered of a right guess at it would tell that it is right.
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
