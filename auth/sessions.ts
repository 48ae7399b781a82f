/** Sessions: every token belongs to one, written in the same transaction that issues the token. */
import type { RandomBytes } from '../resources/clock.ts';
import type { Engine, Transaction } from '../resources/engine.ts';
import type { JsonObject } from '../resources/json/value.ts';
import { OAuthError } from './errors.ts';
import type { Keys } from './keys.ts';
import { shownAgent, withUse } from './last-use.ts';
import type { LiveTokens } from './live-tokens.ts';
import { randomPart, type TokenFormat, type TokenUse, tokenHash, writeToken } from './mint.ts';
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
  const { engine, settings, random } = context;
  const chosen = grantSettings(issue.client.resource, issue.grant, settings);
  const id = newId(random);
  const [accessPart, refreshPart] = [randomPart(random), chosen.refreshable ? randomPart(random) : undefined];
  const { session, access } = await engine.transact(async (transaction) => {
    for (const [type, stored] of [
      ['Client', issue.client],
      ['User', issue.user],
    ] as const) {
      if (stored) await requireUnchanged(transaction, type, stored);
    }
    const issuedAt = Math.floor(transaction.now / 1000);
    const expiresAt = issuedAt + chosen.accessTokenExpiration;
    const refreshUntil = issuedAt + chosen.refreshTokenExpiration;
    const { scope, audience } = issue;
    const given = { generation: 0, format: chosen.format, scope, audience, unused: false };
    const record: AccessRecord = { ...given, issuedAt, expiresAt };
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
  return writeTokens(context, session, access, { access: accessPart, refresh: refreshPart }, chosen.format);
}

/** Writes the tokens of a Session around their secret parts. */
export async function writeTokens(
  { keys, settings }: SessionsContext,
  session: JsonObject,
  access: AccessRecord,
  parts: { access: string; refresh: string | undefined },
  format: TokenFormat,
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
  const issuer = { keys, issuer: settings.baseUrl };
  const { signatures } = access;
  const write = (use: TokenUse, part: string) =>
    writeToken(issuer, format, use, part, claims, signatures && { kid: signatures.kid, signature: signatures[use] });
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

/** When the last of a Session's tokens expires, in milliseconds, if nobody closes it before. */
export function goodUntil({ exp, refresh_token_exp: refreshUntil = exp }: JsonObject): number {
  return Math.max(Date.parse(String(exp)), Date.parse(String(refreshUntil)));
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
  const agent = shownAgent(issue.userAgent);
  const session = {
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
    ...(agent === undefined ? {} : { user_agent: agent }),
  };
  return withUse(session, { at: now, address: issue.address, userAgent: issue.userAgent });
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

/** The id of the Client or the User that a Session is of. */
export function idIn(session: JsonObject, element: 'client' | 'user'): string | undefined {
  return referenceOf(session[element])?.split('/')[1];
}
