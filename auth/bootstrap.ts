import type { RandomBytes } from '../resources/clock.ts';
import type { Engine, Transaction } from '../resources/engine.ts';
import { Failure } from '../resources/errors.ts';
import type { Connection } from '../resources/storage/connection.ts';
import { claimServerKey, readServerKey } from './keys/server-keys.ts';
import { currentStored } from './stored.ts';

/** Settings of the root client. */
export interface RootSettings {
  /** The id to create it with on an empty database. */
  id: string;
  /** The secret, if the operator sets one. */
  secret: string | undefined;
}

/** What happened to the root client, for the server to print. */
export type RootOutcome =
  /** Created on an empty database. `generated` is its secret if none was set; it cannot be shown again. */
  | { outcome: 'created'; id: string; generated: string | undefined }
  /** Its secret was changed to the one set by the operator. */
  | { outcome: 'reset'; id: string }
  | { outcome: 'unchanged'; id: string }
  /** It was deleted; no other is created in its place. */
  | { outcome: 'missing' };

// Holds the id of the root client, or an empty text once it was deleted: a later Client with this id is not root.
const ROOT = 'root_client';

/**
 * Creates the root client and its policy on an empty database. Later, sets the secret of that same Client to the one
 * from the settings. Never reactivates a Client.
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

/** Gives the root client a new secret. Throws `not-found` if it was deleted. */
export async function resetRoot(engine: Engine, random: RandomBytes): Promise<{ id: string; secret: string }> {
  const secret = newSecret(random);
  const result = await engine.transact(async (transaction) => {
    const id = await readServerKey(transaction, ROOT);
    return id === undefined || id === '' ? undefined : setSecret(transaction, id, secret);
  });
  if (!result || result.outcome === 'missing') {
    throw new Failure('not-found', 'There is no root client: it was deleted.');
  }
  return { id: result.id, secret };
}

/** Records that the root client was deleted: a later Client with its id is not root. */
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
    description: 'Gives the root client full access.',
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
