import type { Engine } from '../../resources/engine.ts';
import { findStored, referenceOf, type Stored } from '../stored.ts';
import type { LiveTokens } from './live-tokens.ts';
import type { PresentedTokens } from './presented.ts';
import { type AccessRecord, accessRecord, refreshRecord, spentHash } from './token-records.ts';

/** A token issued by this server, of any use. */
export interface IssuedToken {
  use: 'access' | 'refresh' | 'spent';
  session: Stored;
  /** The Client that it was issued to. */
  clientId: string | undefined;
  userId: string | undefined;
  /** The Client and the User as they are now. */
  client: Stored | undefined;
  user: Stored | undefined;
  /** Seconds since the epoch. */
  expiresAt: number;
  /** The Session's current access token. */
  access: AccessRecord | undefined;
}

export interface IssuedTokens {
  /**
   * Finds a token of any use, including a spent refresh token. Returns undefined for a token that is unknown or over.
   */
  find(token: string): Promise<IssuedToken | undefined>;
}

/** Creates the look-up of tokens for revocation and introspection. */
export function createIssuedTokens(options: {
  engine: Engine;
  presented: PresentedTokens;
  liveTokens: LiveTokens;
}): IssuedTokens {
  const { engine, presented, liveTokens } = options;

  async function findAccess(token: string): Promise<IssuedToken | undefined> {
    const read = await presented.read(token, 'access');
    const live = read && (await liveTokens.findIssued(read.hash));
    if (!live) return undefined;
    const { record, session, client, user } = live;
    return { use: 'access', ...partiesOf(session), client, user, expiresAt: record.expiresAt, access: record };
  }

  async function findRefresh(token: string): Promise<IssuedToken | undefined> {
    const read = await presented.read(token, 'refresh');
    if (!read) return undefined;
    const { credentials } = engine;
    const held = (await credentials.find(read.hash)) ?? (await credentials.find(spentHash(read.hash)));
    if (held?.type !== 'Session' || held.name === 'access') return undefined;
    const session = await findStored(engine, 'Session', held.id);
    if (!session || session.resource['active'] === false) return undefined;
    const [current] = await credentials.of(held.key, 'access');
    const parties = partiesOf(session);
    const { clientId, userId } = parties;
    return {
      use: held.name === 'refresh' ? 'refresh' : 'spent',
      ...parties,
      client: clientId === undefined ? undefined : await findStored(engine, 'Client', clientId),
      user: userId === undefined ? undefined : await findStored(engine, 'User', userId),
      expiresAt: held.name === 'refresh' ? refreshRecord(held).expiresAt : 0,
      access: current && accessRecord(current),
    };
  }

  return { find: async (token) => (await findAccess(token)) ?? findRefresh(token) };
}

function partiesOf(session: Stored): Pick<IssuedToken, 'session' | 'clientId' | 'userId'> {
  const { client, user } = session.resource;
  return { session, clientId: referenceOf(client)?.split('/')[1], userId: referenceOf(user)?.split('/')[1] };
}
