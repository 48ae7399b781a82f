import type { Clock } from '../../resources/clock.ts';
import type { Change, Engine } from '../../resources/engine.ts';
import { hasGrant } from '../clients/client-auth.ts';
import { heldScope } from '../scopes/scopes.ts';
import { strings } from '../settings.ts';
import { findStored, isUsable, referenceOf, type Stored } from '../stored.ts';
import { type AccessRecord, accessRecord, detailOf, RETRY_MS } from './token-records.ts';

/** A valid access token with its Session, Client and User. */
export interface LiveToken {
  /** Its scopes are limited to those that the Client may have now. */
  record: AccessRecord;
  session: Stored;
  client: Stored;
  user: Stored | undefined;
  /**
   * The scopes that determine what limits the token: those granted to its Session, even if since withdrawn, and those
   * that its Client lists. The token itself may have fewer.
   */
  boundBy: string[];
}

export interface LiveTokens {
  /**
   * Returns the live access token with this digest. Returns undefined if there is none, or if its Client no longer
   * lists the grant.
   */
  find(hash: string): Promise<LiveToken | undefined>;
  /** Like `find`, but also returns a token whose Client has lost the grant: it can still be revoked. */
  findIssued(hash: string): Promise<LiveToken | undefined>;
  /**
   * Evicts a Session whose tokens were replaced. Its resource may be unchanged, and then no commit listener is called.
   */
  forget(sessionId: string): void;
}

interface Memory {
  token: LiveToken;
  generation: number;
}

const MOST_REMEMBERED = 20_000;

/**
 * Creates the look-up of access tokens, with a cache. If this process makes every write, each change evicts what it
 * affects. Otherwise the cache only saves the reads of resources: the credential is read each time, because its row is
 * removed when the Session ends. Any change of a Client, a User or a policy advances the access generation.
 */
export function createLiveTokens({ engine, clock }: { engine: Engine; clock: Clock }): LiveTokens {
  const memory = new Map<string, Memory>();
  const bySession = new Map<string, string>();
  const noting = new Map<string, Promise<void>>();
  let sessionChanges = 0;

  function forget(hash: string): void {
    const known = memory.get(hash);
    if (!known) return;
    memory.delete(hash);
    bySession.delete(known.token.session.id);
  }

  function forgetSession(id: string): void {
    sessionChanges += 1;
    const hash = bySession.get(id);
    if (hash !== undefined) forget(hash);
  }

  function remember(hash: string, token: LiveToken, generation: number): void {
    forget(bySession.get(token.session.id) ?? hash);
    for (const oldest of memory.keys()) {
      if (memory.size < MOST_REMEMBERED) break;
      forget(oldest);
    }
    memory.set(hash, { token, generation });
    bySession.set(token.session.id, hash);
  }

  /**
   * Returns the token after recording its first use. Only needed for a token issued with a new refresh token, and only
   * while a retry of that refresh is possible.
   */
  async function used(hash: string, token: LiveToken): Promise<LiveToken> {
    const { unused, issuedAt } = token.record;
    if (!unused || clock() - issuedAt * 1000 > RETRY_MS + 1000) return token;
    const made = noting.get(hash) ?? noteUse(engine, hash).finally(() => noting.delete(hash));
    noting.set(hash, made);
    await made;
    token.record = { ...token.record, unused: false };
    return token;
  }

  engine.onCommit((changes: Change[]) => {
    for (const { type, id, before } of changes) {
      if (type === 'Session' && before) forgetSession(id);
    }
  });

  async function findIssued(hash: string): Promise<LiveToken | undefined> {
    // The generation is read first: if it changes during the reads below, the cached entry is already outdated.
    const [generation, changesBefore] = [await engine.accessGeneration(), sessionChanges];
    const known = memory.get(hash);
    const remembered = known?.generation === generation ? known.token : undefined;
    const current = remembered && (engine.exclusive || (await engine.credentials.find(hash))?.name === 'access');
    if (remembered && current) return isOver(remembered, clock()) ? undefined : used(hash, remembered);
    const token = await load(engine, hash);
    if (!token || isOver(token, clock())) return undefined;
    if (changesBefore === sessionChanges) remember(hash, token, generation);
    return used(hash, token);
  }

  return {
    forget: forgetSession,
    findIssued,
    async find(hash) {
      const token = await findIssued(hash);
      return token && hasGrant(token.client.resource, token.session.resource['type']) ? token : undefined;
    },
  };
}

function isOver(token: LiveToken, now: number): boolean {
  return token.record.expiresAt * 1000 <= now;
}

/** Records that a token was used. From then on, its predecessor's reuse is not a retry but an attack. */
async function noteUse(engine: Engine, hash: string): Promise<void> {
  await engine.transact(async ({ credentials }) => {
    const held = await credentials.find(hash);
    if (held?.name !== 'access' || !accessRecord(held).unused) return;
    const detail = detailOf({ ...accessRecord(held), unused: false });
    await credentials.replace(hash, { name: 'access', hash, detail });
  });
}

async function load(engine: Engine, hash: string): Promise<LiveToken | undefined> {
  const credential = await engine.credentials.find(hash);
  if (credential?.type !== 'Session' || credential.name !== 'access') return undefined;
  const session = await findStored(engine, 'Session', credential.id);
  if (!session || session.resource['active'] === false) return undefined;
  const [client, user] = await Promise.all([
    findReferenced(engine, session, 'client'),
    findReferenced(engine, session, 'user'),
  ]);
  if (!client || !isUsable(client.resource)) return undefined;
  if (session.resource['user'] !== undefined && !(user && isUsable(user.resource))) return undefined;
  const record = accessRecord(credential);
  return {
    // Scopes withdrawn from a Client are withdrawn from its tokens with the next request, not with the next token.
    record: { ...record, scope: heldScope(client.resource, record.scope) },
    session,
    client,
    user,
    boundBy: [...strings(session.resource['scope']), ...strings(client.resource['scope'])],
  };
}

/** Returns the Client or User that a Session refers to. */
async function findReferenced(
  engine: Engine,
  session: Stored,
  element: 'client' | 'user',
): Promise<Stored | undefined> {
  const [type, id] = referenceOf(session.resource[element])?.split('/') ?? [];
  return type === undefined || id === undefined ? undefined : findStored(engine, type, id);
}
