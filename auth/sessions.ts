/** Sessions: every token belongs to one, written in the same transaction that issues the token. */
import type { RandomBytes } from '../resources/clock.ts';
import type { Engine, Transaction } from '../resources/engine.ts';
import type { JsonObject } from '../resources/json/value.ts';
import { OAuthError } from './errors.ts';
import { expiryOf, lifetimeOf } from './expiry.ts';
import type { Keys, SigningKey } from './keys.ts';
import type { LiveTokens } from './live-tokens.ts';
import { randomPart, type TokenUse, tokenHash, writeToken } from './mint.ts';
import { type AuthSettings, grantSettings } from './settings.ts';
import { currentStored, isUsable, referenceOf, type Stored } from './stored.ts';
import { type AccessRecord, detailOf } from './token-records.ts';

/** What a grant has decided to give, and to whom. */
export interface Issue {
  /** The grant's name, which is the Session's type. */
  grant: string;
  client: Stored;
  user: Stored | undefined;
  scope: string[];
  audience: string[];
  address: string;
  userAgent: string | undefined;
}

/** The tokens of a Session at one moment. */
export interface Tokens {
  session: JsonObject;
  access: AccessRecord;
  accessToken: string;
  refreshToken: string | undefined;
}

/** What sessions are made with. */
export interface SessionsContext {
  engine: Engine;
  keys: Keys;
  liveTokens: LiveTokens;
  settings: AuthSettings;
  random: RandomBytes;
}

/**
 * Starts a Session and issues its tokens. Throws `invalid_grant` where the Client or the User changed since they
 * were authenticated: what proved their identity may not hold any more.
 */
export async function startSession(context: SessionsContext, issue: Issue): Promise<Tokens> {
  const { engine, keys, settings, random } = context;
  const chosen = grantSettings(issue.client.resource, issue.grant, settings);
  const id = newId(random);
  const [accessPart, refreshPart] = [randomPart(random), chosen.refreshable ? randomPart(random) : undefined];
  const key = chosen.format === 'jwt' ? await keys.signing(lifetimeOf(chosen)) : undefined;
  const { session, access } = await engine.transact(async (transaction) => {
    for (const [type, stored] of [
      ['Client', issue.client],
      ['User', issue.user],
    ] as const) {
      if (stored) await requireUnchanged(transaction, type, stored);
    }
    const issuedAt = Math.floor(transaction.now / 1000);
    const { access: expiresAt, refresh: refreshUntil } = expiryOf(settings, chosen, issuedAt, issuedAt);
    const { scope, audience } = issue;
    const given = { generation: 0, format: chosen.format, scope, audience, unused: false };
    const record: AccessRecord = { ...given, issuedAt, expiresAt, ...(key && { kid: key.kid }) };
    const resource = sessionOf(
      issue,
      id,
      transaction.now,
      expiresAt,
      refreshPart === undefined ? undefined : refreshUntil,
    );
    const { version } = await transaction.update('Session', id, resource, { by: 'server', ifNoneMatch: 'any' });
    const { credentials } = transaction;
    await credentials.insert({
      key: version.key,
      name: 'access',
      hash: tokenHash(chosen.format, accessPart),
      detail: detailOf(record),
    });
    if (refreshPart !== undefined) {
      const detail = detailOf({ generation: 0, expiresAt: refreshUntil });
      await credentials.insert({
        key: version.key,
        name: 'refresh',
        hash: tokenHash(chosen.format, refreshPart),
        detail,
      });
    }
    return { session: { ...resource, id }, access: record };
  });
  return writeTokens(context, session, access, { access: accessPart, refresh: refreshPart }, key);
}

/** Writes the tokens of a Session around their secret parts: as JWTs where there is a key, else as they are. */
export async function writeTokens(
  { settings }: SessionsContext,
  session: JsonObject,
  access: AccessRecord,
  parts: { access: string; refresh: string | undefined },
  key: SigningKey | undefined,
): Promise<Tokens> {
  const claims = {
    session: String(session['id']),
    client: idIn(session, 'client') ?? '',
    user: idIn(session, 'user'),
    scope: access.scope,
    audience: access.audience,
    issuedAt: access.issuedAt,
    expiresAt: access.expiresAt,
  };
  const issuer = { key, issuer: settings.baseUrl };
  const { kid = '', signatures } = access;
  const write = (use: TokenUse, part: string) =>
    writeToken(issuer, use, part, claims, signatures && { kid, signature: signatures[use] });
  const [accessToken, refreshToken] = await Promise.all([
    write('access', parts.access),
    parts.refresh === undefined ? undefined : write('refresh', parts.refresh),
  ]);
  return { session, access, accessToken, refreshToken };
}

/** Ends a Session inside a job: it stays as a resource, and none of its tokens is good any more. */
export async function endSession(transaction: Transaction, id: string): Promise<void> {
  const session = await currentStored(transaction, 'Session', id);
  if (!session || session.resource['active'] === false) return;
  // The rule of the type writes the end and removes the credentials in the same transaction.
  await transaction.update('Session', id, { ...session.resource, active: false }, { by: 'server' });
}

/** Throws `invalid_grant` where a Client or User is not as it was read, or may not be used. */
export async function requireUnchanged(transaction: Transaction, type: string, stored: Stored): Promise<void> {
  const current = await currentStored(transaction, type, stored.id);
  if (current?.versionId === stored.versionId && isUsable(current.resource)) return;
  throw new OAuthError('invalid_grant', 'The account changed during the request. Try again.');
}

function sessionOf(
  issue: Issue,
  id: string,
  now: number,
  expiresAt: number,
  refreshUntil: number | undefined,
): JsonObject {
  return {
    resourceType: 'Session',
    type: issue.grant,
    active: true,
    client: { reference: `Client/${issue.client.id}` },
    ...(issue.user ? { user: { reference: `User/${issue.user.id}` } } : {}),
    start: new Date(now).toISOString(),
    exp: instant(expiresAt),
    ...(refreshUntil === undefined ? {} : { refresh_token_exp: instant(refreshUntil) }),
    jti: id,
    audience: issue.audience,
    ...(issue.scope.length === 0 ? {} : { scope: issue.scope }),
    ...(issue.address === '' ? {} : { ip: issue.address }),
    ...userAgent(issue.userAgent),
  };
}

/** A version 4 UUID (RFC 9562 §5.4). */
function newId(random: RandomBytes): string {
  const bytes = random(16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Seconds since the epoch as an `instant`. */
export function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

// Enough to recognise a browser or a library by; what is longer or cannot be shown is of no use in a Session.
function userAgent(text: string | undefined): { user_agent?: string } {
  const shown = text
    ?.replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 256)
    .trim();
  return shown === undefined || shown === '' ? {} : { user_agent: shown };
}

function idIn(session: JsonObject, element: 'client' | 'user'): string | undefined {
  return referenceOf(session[element])?.split('/')[1];
}
