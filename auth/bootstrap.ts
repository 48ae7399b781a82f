import type { RandomBytes } from '../resources/clock.ts';
import type { Engine, Transaction } from '../resources/engine.ts';
import { Failure } from '../resources/errors.ts';
import type { Connection } from '../resources/storage/connection.ts';
import { claimServerKey, readServerKey } from './keys/server-keys.ts';
import { currentStored } from './stored.ts';

/** The settings of the root client. */
export interface RootSettings {
  /** The id on an empty database. */
  id: string;
  /** The secret, where the operator supplies one. */
  secret: string | undefined;
}

/** What became of the root client, for the server to tell. */
export type RootOutcome =
  /** Made on an empty database. `generated` is its secret where none was supplied: shown now or never. */
  | { outcome: 'created'; id: string; generated: string | undefined }
  /** Its secret was set to the supplied one. */
  | { outcome: 'reset'; id: string }
  | { outcome: 'unchanged'; id: string }
  /** It was deleted: nothing is made in its place. */
  | { outcome: 'missing' };

// Names the Client that was bootstrapped; empty once that one was deleted, so that another of its id is not it.
const ROOT = 'root_client';

/**
 * Makes the root client and its policy on an empty database; later, sets the secret of that very Client to the
 * supplied one. It never switches a Client on.
 */
export async function bootstrapRoot(
  transaction: Transaction,
  root: RootSettings,
  random: RandomBytes,
): Promise<RootOutcome> {
  if (await claimServerKey(transaction, ROOT, root.id)) {
    const secret = root.secret ?? newSecret(random);
    await createRoot(transaction, root.id, secret);
    return { outcome: 'created', id: root.id, generated: root.secret === undefined ? secret : undefined };
  }
  const id = await readServerKey(transaction, ROOT);
  if (id === undefined || id === '') return { outcome: 'missing' };
  if (root.secret === undefined) return { outcome: 'unchanged', id };
  return setSecret(transaction, id, root.secret);
}

/** Gives the root client a new secret. Throws where it was deleted. */
export async function resetRoot(engine: Engine, random: RandomBytes): Promise<{ id: string; secret: string }> {
  const secret = newSecret(random);
  const result = await engine.transact(async (transaction) => {
    const id = await readServerKey(transaction, ROOT);
    return id === undefined || id === '' ? undefined : setSecret(transaction, id, secret);
  });
  if (!result || result.outcome === 'missing') {
    throw new Failure('not-found', 'There is no root client any more: it was deleted.');
  }
  return { id: result.id, secret };
}

/** Remembers that the root client was deleted: a Client that is given its id later is another one. */
export async function forgetRoot(connection: Connection, id: string): Promise<void> {
  await connection.run("UPDATE server_key SET value = '' WHERE name = ? AND value = ?", [ROOT, id]);
}

async function createRoot(transaction: Transaction, id: string, secret: string): Promise<void> {
  const client = {
    resourceType: 'Client',
    name: 'Root client',
    secret,
    grant_types: ['basic', 'client_credentials'],
  };
  const policy = {
    resourceType: 'AccessPolicy',
    description: 'The root client may do everything.',
    engine: 'allow',
    link: [{ reference: `Client/${id}` }],
  };
  await transaction.update('Client', id, client, { by: 'server', ifNoneMatch: 'any' });
  await transaction.update('AccessPolicy', id, policy, { by: 'server', ifNoneMatch: 'any' });
}

async function setSecret(
  transaction: Transaction,
  id: string,
  secret: string,
): Promise<Extract<RootOutcome, { outcome: 'reset' | 'unchanged' | 'missing' }>> {
  const client = await currentStored(transaction, 'Client', id);
  if (!client) return { outcome: 'missing' };
  const { outcome } = await transaction.update('Client', id, { ...client.resource, secret }, { by: 'server' });
  return { outcome: outcome === 'unchanged' ? 'unchanged' : 'reset', id };
}

function newSecret(random: RandomBytes): string {
  return random(24).toString('base64url');
}
