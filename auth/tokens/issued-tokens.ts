import type { Engine } from '../../resources/engine.ts';
import { findStored, referenceOf, type Stored } from '../stored.ts';
import type { LiveTokens } from './live-tokens.ts';
import type { PresentedTokens } from './presented.ts';
import { type AccessRecord, accessRecord, refreshRecord, spentHash } from './token-records.ts';

/** A token of ours, of whichever use. */
export interface IssuedToken {
  use: 'access' | 'refresh' | 'spent';
  session: Stored;
  /** The Client that it was issued to. */
  clientId: string | undefined;
  userId: string | undefined;
  /** The two as they are now. */
  client: Stored | undefined;
  user: Stored | undefined;
  /** Seconds since the epoch. */
  expiresAt: number;
  /** The access token of the same moment. */
  access: AccessRecord | undefined;
}

export interface IssuedTokens {
  /** Finds a token whatever its use, a spent refresh token included; undefined for what is not ours or has ended. */
  find(token: string): Promise<IssuedToken | undefined>;
}

/** Finds the tokens that revocation and introspection are asked about. */
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
