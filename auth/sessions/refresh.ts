/**
 * Refresh (https://www.rfc-editor.org/rfc/rfc6749#section-6) with token rotation and reuse detection
 * (https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2).
 */
import type { Credential, Transaction, Work } from '../../resources/engine.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import { OAuthError } from '../errors.ts';
import type { SigningKey } from '../keys/keys.ts';
import type { GrantSettings } from '../settings.ts';
import { currentStored, type Stored } from '../stored.ts';
import { signatureOf, successorPart, type TokenUse, tokenHash } from '../tokens/mint.ts';
import type { Presented } from '../tokens/presented.ts';
import {
  type AccessRecord,
  accessRecord,
  detailOf,
  RETRY_MS,
  refreshRecord,
  type Signatures,
  spentHash,
  spentRecord,
} from '../tokens/token-records.ts';
import { expiryOf, lifetimeOf, startOf } from './expiry.ts';
import { type Origin, withUse } from './last-use.ts';
import {
  accountsOf,
  endSession,
  instant,
  requireUnchanged,
  type SessionsContext,
  type Tokens,
  writeTokens,
} from './sessions.ts';

/** A refresh request that was admitted: the Client is known and may refresh this Session. */
export interface Refresh {
  presented: Presented;
  /** The generation when the request arrived. A later generation means that a concurrent request has refreshed. */
  generation: number;
  /** True if the refresh token is replaced, because the Client did not authenticate. */
  rotate: boolean;
  /** The id of the Session. */
  session: string;
  client: Stored;
  user: Stored | undefined;
  settings: GrantSettings;
  scope: string[];
  audience: string[];
  origin: Origin;
  /** When the request began to wait, in milliseconds of the process's monotonic clock. */
  since: number;
}

/** The tokens of one generation. Their secret parts are derived from the presented token. */
interface Granted {
  session: JsonObject;
  access: AccessRecord;
  rotated: boolean;
}

/**
 * Exchanges a refresh token for new tokens. One conditional replace decides: of any number of concurrent requests, one
 * creates the successor and the others receive the same tokens. Throws `invalid_grant`. Reuse of a spent token also
 * ends its Session.
 */
export async function refreshSession(context: SessionsContext, refresh: Refresh): Promise<Tokens> {
  const { engine, keys, liveTokens } = context;
  const { presented } = refresh;
  const lifetime = lifetimeOf(refresh.settings);
  const key = presented.kid === undefined ? undefined : await keys.signing(lifetime);
  // A refresh token that is kept was signed by an older key: that key must stay for as long as the token lives.
  if (presented.kid !== undefined && !refresh.rotate) await keys.keep(presented.kid, lifetime);
  const exchange: Work<Granted | undefined> = async (transaction) => {
    const live = await transaction.credentials.find(presented.hash);
    const advanced = live?.name === 'refresh' ? await advance(context, transaction, refresh, live, key) : undefined;
    return advanced ?? repeat(transaction, context.keys.derivation, refresh);
  };
  const looksAt = [{ type: 'Session', id: refresh.session }, ...accountsOf(refresh)];
  const granted = await engine.transact(exchange, looksAt, refresh.since);
  if (!granted) throw new OAuthError('invalid_grant', 'The refresh token is not valid.');
  liveTokens.forget(String(granted.session['id']));
  // The tokens of a concurrent request may have been signed by the previous key.
  const { kid } = granted.access;
  const signedBy = kid === undefined || kid === key?.kid ? key : await keys.find(kid);
  return written(context, presented, granted, key && (signedBy ?? key));
}

/** Writes the tokens of one generation, with secret parts derived from the presented token. */
async function written(
  context: SessionsContext,
  presented: Presented,
  granted: Granted,
  key: SigningKey | undefined,
): Promise<Tokens> {
  const { session, access, rotated } = granted;
  const part = (use: TokenUse) => successorPart(context.keys.derivation, use, presented.part, access.generation);
  const parts = { access: part('access'), refresh: rotated ? part('refresh') : undefined };
  const tokens = await writeTokens(context, session, access, parts, key);
  return rotated ? tokens : { ...tokens, refreshToken: presented.token };
}

/** Returns the signatures to store, so that a retry gets identical tokens: ECDSA signatures are random. */
async function signaturesOf(
  context: SessionsContext,
  presented: Presented,
  granted: Granted,
  key: SigningKey | undefined,
): Promise<Signatures | undefined> {
  if (!key?.alg.startsWith('ES')) return undefined;
  const { accessToken, refreshToken } = await written(context, presented, granted, key);
  const refresh = granted.rotated && refreshToken !== undefined ? signatureOf(refreshToken) : '';
  return { access: signatureOf(accessToken), refresh };
}

/**
 * Advances the Session by one generation. Returns undefined if another request already did, or if the refresh token is
 * not valid.
 */
async function advance(
  context: SessionsContext,
  transaction: Transaction,
  refresh: Refresh,
  live: Credential,
  key: SigningKey | undefined,
): Promise<Granted | undefined> {
  const { credentials } = transaction;
  const session = await currentStored(transaction, 'Session', live.id);
  const [held] = await credentials.of(live.key, 'access');
  if (!session || !held || refreshRecord(live).expiresAt * 1000 <= transaction.now) return undefined;
  await requireUnchanged(transaction, 'Client', refresh.client);
  if (refresh.user) await requireUnchanged(transaction, 'User', refresh.user);
  const before = accessRecord(held);
  // A concurrent request refreshed with the same kept token: both get the tokens of that refresh.
  if (!refresh.rotate && before.generation > refresh.generation) {
    return { session: session.resource, access: before, rotated: false };
  }

  const { access, refreshUntil } = nextTokens(context, refresh, session.resource, before, transaction.now);
  if (refreshUntil * 1000 <= transaction.now) return undefined;
  if (key) access.kid = key.kid;
  const { part: presented, format } = refresh.presented;
  const part = (use: TokenUse) => successorPart(context.keys.derivation, use, presented, access.generation);
  const { hash } = live;
  const next = {
    name: 'refresh',
    hash: refresh.rotate ? tokenHash(format, part('refresh')) : hash,
    detail: detailOf({ generation: access.generation, expiresAt: refreshUntil }),
  };
  if (!(await credentials.replace(hash, next))) return undefined;
  const granted = { session: session.resource, access, rotated: refresh.rotate };
  const signatures = await signaturesOf(context, refresh.presented, granted, key);
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

/** Returns the next access token, and when the refresh token expires (seconds since the epoch). */
function nextTokens(
  { settings }: SessionsContext,
  refresh: Refresh,
  session: JsonObject,
  before: AccessRecord,
  now: number,
): { access: AccessRecord; refreshUntil: number } {
  const issuedAt = Math.floor(now / 1000);
  const expiry = expiryOf(settings, refresh.settings, startOf(session), issuedAt);
  const access = {
    generation: before.generation + 1,
    format: refresh.presented.format,
    issuedAt,
    expiresAt: expiry.access,
    scope: refresh.scope,
    audience: refresh.audience,
    unused: refresh.rotate,
  };
  return { access, refreshUntil: expiry.refresh };
}

/**
 * Handles a spent refresh token. Within the retry window, and until one of its successors is used, it returns the same
 * successors. Afterwards it is reuse, and ends the Session.
 */
async function repeat(transaction: Transaction, key: Buffer, refresh: Refresh): Promise<Granted | undefined> {
  const { presented, client, origin } = refresh;
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
  const asker = `Client/${client.id}`;
  await endSession(transaction, spent.id, { ending: 'reused-refresh-token', asker, address: origin.address });
  return undefined;
}
