import type { Clock } from '../../resources/clock.ts';
import type { Change, Engine } from '../../resources/engine.ts';
import { hasGrant } from '../clients/client-auth.ts';
import { heldScope } from '../scopes/scopes.ts';
import { strings } from '../settings.ts';
import { findStored, isUsable, referenceOf, type Stored } from '../stored.ts';
import { type AccessRecord, accessRecord, detailOf, RETRY_MS } from './token-records.ts';

/** An access token that is current, with its Session and those it speaks for. */
export interface LiveToken {
  /** With those of its scopes that its Client may be given now. */
  record: AccessRecord;
  session: Stored;
  client: Stored;
  user: Stored | undefined;
  /**
   * The scopes that say what bounds the token: those that its Session was given, whatever became of them, and those
   * that its Client lists. Those of the token may be fewer.
   */
  boundBy: string[];
}

export interface LiveTokens {
  /** The live access token with this digest; undefined for none, and where its Client lists its grant no more. */
  find(hash: string): Promise<LiveToken | undefined>;
  /** As `find`, and one whose Client has lost the grant, too: it can still be ended. */
  findIssued(hash: string): Promise<LiveToken | undefined>;
  /** Forgets a Session whose tokens were replaced: its resource may be as it was, and then nobody hears of it. */
  forget(sessionId: string): void;
}

interface Memory {
  token: LiveToken;
  generation: number;
}

const MOST_REMEMBERED = 20_000;

/**
 * Looks access tokens up and remembers them. Where this process makes every write, the memory is told of each
 * change; otherwise it only spares the reading of resources: the credential itself is read each time, since its
 * row goes when the Session ends. A change of a Client, a User or a policy moves the access generation.
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

  /** The token, its first use noted: once of each that came with a new refresh token, while that matters. */
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
    // The generation is read before what it stands for: if it moves meanwhile, the memory is already outdated.
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

/** Notes that a token was used: whoever sends the refresh token that it was exchanged for again is another. */
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
    // What is withdrawn from a Client is withdrawn from its tokens: with the next request, not with the next token.
    record: { ...record, scope: heldScope(client.resource, record.scope) },
    session,
    client,
    user,
    boundBy: [...strings(session.resource['scope']), ...strings(client.resource['scope'])],
  };
}

/** The Client or User that a Session refers to. */
async function findReferenced(
  engine: Engine,
  session: Stored,
  element: 'client' | 'user',
): Promise<Stored | undefined> {
  const [type, id] = referenceOf(session.resource[element])?.split('/') ?? [];
  return type === undefined || id === undefined ? undefined : findStored(engine, type, id);
}
