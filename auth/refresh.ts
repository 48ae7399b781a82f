/**
 * Refreshing (https://www.rfc-editor.org/rfc/rfc6749#section-6) with rotation and the detection of reuse
 * (https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2).
 */
import type { Credential, Transaction } from '../resources/engine.ts';
import type { JsonObject } from '../resources/json/value.ts';
import { OAuthError } from './errors.ts';
import { type Origin, withUse } from './last-use.ts';
import { signatureOf, successorPart, type TokenUse, tokenHash } from './mint.ts';
import type { Presented } from './presented.ts';
import { endSession, instant, requireUnchanged, type SessionsContext, type Tokens, writeTokens } from './sessions.ts';
import type { GrantSettings } from './settings.ts';
import { currentStored, type Stored } from './stored.ts';
import {
  type AccessRecord,
  accessRecord,
  detailOf,
  RETRY_MS,
  refreshRecord,
  type Signatures,
  spentHash,
  spentRecord,
} from './token-records.ts';

/** A refresh that has been admitted: the Client is known and may refresh this Session. */
export interface Refresh {
  presented: Presented;
  /** The generation when the request came: what was refreshed since then was refreshed at the same time. */
  generation: number;
  /** True where the token is exchanged for another: the Client did not prove who it is. */
  rotate: boolean;
  client: Stored;
  user: Stored | undefined;
  settings: GrantSettings;
  scope: string[];
  audience: string[];
  origin: Origin;
}

/** The tokens of one generation, whose secret parts follow from what was presented. */
interface Granted {
  session: JsonObject;
  access: AccessRecord;
  rotated: boolean;
}

/**
 * Exchanges a refresh token. One conditional replacement decides: of any number of simultaneous requests one
 * makes the successor, and the others get the very same. Throws `invalid_grant`; a token that was spent before
 * ends its Session.
 */
export async function refreshSession(context: SessionsContext, refresh: Refresh): Promise<Tokens> {
  const { engine, liveTokens } = context;
  const { presented } = refresh;
  const granted = await engine.transact(async (transaction) => {
    const live = await transaction.credentials.find(presented.hash);
    const advanced = live?.name === 'refresh' ? await advance(context, transaction, refresh, live) : undefined;
    return advanced ?? repeat(transaction, context.keys.derivation, refresh);
  });
  if (!granted) throw new OAuthError('invalid_grant', 'The refresh token is not valid.');
  liveTokens.forget(String(granted.session['id']));
  return written(context, presented, granted);
}

/** The tokens of one generation, around parts that follow from what was presented. */
async function written(context: SessionsContext, presented: Presented, granted: Granted): Promise<Tokens> {
  const { session, access, rotated } = granted;
  const part = (use: TokenUse) => successorPart(context.keys.derivation, use, presented.part, access.generation);
  const parts = { access: part('access'), refresh: rotated ? part('refresh') : undefined };
  const tokens = await writeTokens(context, session, access, parts, presented.format);
  return rotated ? tokens : { ...tokens, refreshToken: presented.token };
}

/** The signatures to keep of tokens that would be signed otherwise the next time: an ECDSA signature is random. */
async function signaturesOf(
  context: SessionsContext,
  presented: Presented,
  granted: Granted,
): Promise<Signatures | undefined> {
  const { alg, kid } = context.keys.signing;
  if (presented.format === 'opaque' || !alg.startsWith('ES')) return undefined;
  const { accessToken, refreshToken } = await written(context, presented, granted);
  const refresh = granted.rotated && refreshToken !== undefined ? signatureOf(refreshToken) : '';
  return { kid, access: signatureOf(accessToken), refresh };
}

/** Moves the Session on by one generation; undefined where another request did so first, or where it cannot be. */
async function advance(
  context: SessionsContext,
  transaction: Transaction,
  refresh: Refresh,
  live: Credential,
): Promise<Granted | undefined> {
  const { credentials } = transaction;
  const session = await currentStored(transaction, 'Session', live.id);
  const [held] = await credentials.of(live.key, 'access');
  if (!session || !held || refreshRecord(live).expiresAt * 1000 <= transaction.now) return undefined;
  await requireUnchanged(transaction, 'Client', refresh.client);
  if (refresh.user) await requireUnchanged(transaction, 'User', refresh.user);
  const before = accessRecord(held);
  // A kept token was refreshed while this request waited: both get the tokens of that refresh.
  if (!refresh.rotate && before.generation > refresh.generation) {
    return { session: session.resource, access: before, rotated: false };
  }

  const access = nextAccess(refresh, before, transaction.now);
  const { part: presented, format } = refresh.presented;
  const part = (use: TokenUse) => successorPart(context.keys.derivation, use, presented, access.generation);
  const refreshUntil = access.issuedAt + refresh.settings.refreshTokenExpiration;
  const { hash } = live;
  const next = {
    name: 'refresh',
    hash: refresh.rotate ? tokenHash(format, part('refresh')) : hash,
    detail: detailOf({ generation: access.generation, expiresAt: refreshUntil }),
  };
  if (!(await credentials.replace(hash, next))) return undefined;
  const granted = { session: session.resource, access, rotated: refresh.rotate };
  const signatures = await signaturesOf(context, refresh.presented, granted);
  if (signatures) access.signatures = signatures;
  await credentials.replace(held.hash, {
    name: 'access',
    hash: tokenHash(format, part('access')),
    detail: detailOf(access),
  });
  if (refresh.rotate) {
    const detail = detailOf({ generation: access.generation, spentAtMs: transaction.now });
    await credentials.insert({ key: live.key, name: 'spent', hash: spentHash(hash), detail });
  }
  const expiring = { exp: instant(access.expiresAt), refresh_token_exp: instant(refreshUntil) };
  const resource = withUse({ ...session.resource, ...expiring }, { at: transaction.now, ...refresh.origin });
  await transaction.update('Session', live.id, resource, { by: 'server' });
  return { ...granted, session: resource };
}

/** The access token that comes after another. */
function nextAccess(refresh: Refresh, before: AccessRecord, now: number): AccessRecord {
  const issuedAt = Math.floor(now / 1000);
  return {
    generation: before.generation + 1,
    format: refresh.presented.format,
    issuedAt,
    expiresAt: issuedAt + refresh.settings.accessTokenExpiration,
    scope: refresh.scope,
    audience: refresh.audience,
    unused: refresh.rotate,
  };
}

/**
 * What a spent token still gives: the same successors for a moment, until one of them is used, and after that the end
 * of its Session.
 */
async function repeat(transaction: Transaction, key: Buffer, { presented }: Refresh): Promise<Granted | undefined> {
  const { credentials } = transaction;
  const spent = await credentials.find(spentHash(presented.hash));
  if (!spent) return undefined;
  const { generation, spentAtMs } = spentRecord(spent);
  const successor = await credentials.find(
    tokenHash(presented.format, successorPart(key, 'refresh', presented.part, generation)),
  );
  const session = await currentStored(transaction, 'Session', spent.id);
  const [held] = await credentials.of(spent.key, 'access');
  const current = successor?.name === 'refresh' && refreshRecord(successor).generation === generation;
  const access = held && accessRecord(held);
  const unused = access?.generation === generation && access.unused;
  if (session && current && unused && transaction.now - spentAtMs <= RETRY_MS) {
    return { session: session.resource, access, rotated: true };
  }
  await endSession(transaction, spent.id);
  return undefined;
}
