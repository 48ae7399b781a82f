/** Sessions: every token belongs to one, written in the same transaction that issues the token. */
import type { RandomBytes } from '../resources/clock.ts';
import type { Engine, Transaction } from '../resources/engine.ts';
import type { JsonObject } from '../resources/json/value.ts';
import { type OAuthCode, OAuthError } from './errors.ts';
import { expiryOf, lifetimeOf } from './expiry.ts';
import type { Keys, SigningKey } from './keys.ts';
import { shownAgent, withUse } from './last-use.ts';
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
  /** What else is known of a person who signed in on a page. */
  interaction?: { authTime: number; patient: string | undefined; refreshable: boolean };
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

/** A Session that was made inside a job, whose tokens can be written once it has committed. */
export interface OpenedSession {
  key: number;
  session: JsonObject;
  access: AccessRecord;
  parts: Parts;
  /** What signs its tokens, where they are JWTs. */
  signing: SigningKey | undefined;
}

/** The secret parts of the tokens of a Session. */
interface Parts {
  access: string;
  refresh: string | undefined;
}

/**
 * Starts a Session and issues its tokens. Throws `invalid_grant` where the Client or the User changed since they
 * were authenticated: what proved their identity may not hold any more.
 */
export async function startSession(context: SessionsContext, issue: Issue): Promise<Tokens> {
  const signing = await signingKeyFor(context, issue);
  const id = context.engine.newId();
  const looksAt = [
    { type: 'Session', id },
    { type: 'Client', id: issue.client.id },
  ];
  if (issue.user) looksAt.push({ type: 'User', id: issue.user.id });
  const open = (transaction: Transaction) => openSession(transaction, context, issue, signing, id);
  const opened = await context.engine.transact(open, looksAt);
  return tokensOf(context, opened);
}

/** The key that will sign the tokens of a Session, where they are JWTs. Not to be called within a job. */
export async function signingKeyFor(
  { keys, settings }: SessionsContext,
  { client, grant }: Pick<Issue, 'client' | 'grant'>,
): Promise<SigningKey | undefined> {
  const chosen = grantSettings(client.resource, grant, settings);
  return chosen.format === 'jwt' ? keys.signing(lifetimeOf(chosen)) : undefined;
}

/** Writes the tokens of a Session that was just made. */
export function tokensOf(
  context: SessionsContext,
  { session, access, parts, signing }: OpenedSession,
): Promise<Tokens> {
  return writeTokens(context, session, access, parts, signing);
}

/** Makes a Session with its credentials inside a job. Throws `invalid_grant`, as `startSession` does. */
export async function openSession(
  transaction: Transaction,
  context: SessionsContext,
  issue: Issue,
  signing: SigningKey | undefined,
  id: string = context.engine.newId(),
): Promise<OpenedSession> {
  const { settings, random } = context;
  const chosen = grantSettings(issue.client.resource, issue.grant, settings);
  const refreshable = chosen.refreshable && (issue.interaction?.refreshable ?? true);
  const parts: Parts = { access: randomPart(random), refresh: refreshable ? randomPart(random) : undefined };
  await requireUnchanged(transaction, 'Client', issue.client);
  if (issue.user) await requireUnchanged(transaction, 'User', issue.user);
  const issuedAt = Math.floor(transaction.now / 1000);
  const { access: expiresAt, refresh: refreshUntil } = expiryOf(settings, chosen, issuedAt, issuedAt);
  const { scope, audience } = issue;
  const { format } = chosen;
  const given = { generation: 0, format, scope, audience, unused: false };
  const access: AccessRecord = { ...given, issuedAt, expiresAt, ...(signing && { kid: signing.kid }) };
  const resource = sessionOf(issue, id, transaction.now, expiresAt, refreshable ? refreshUntil : undefined);
  const { version } = await transaction.update('Session', id, resource, { by: 'server', ifNoneMatch: 'any' });
  const { key } = version;
  const { credentials } = transaction;
  await credentials.insert({ key, name: 'access', hash: tokenHash(format, parts.access), detail: detailOf(access) });
  if (parts.refresh !== undefined) {
    const detail = detailOf({ generation: 0, expiresAt: refreshUntil });
    await credentials.insert({ key, name: 'refresh', hash: tokenHash(format, parts.refresh), detail });
  }
  return { key, session: { ...resource, id }, access, parts, signing };
}

/** Writes the tokens of a Session around their secret parts: as JWTs where there is a key, else as they are. */
export async function writeTokens(
  { settings }: SessionsContext,
  session: JsonObject,
  access: AccessRecord,
  parts: Parts,
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

/** When the last of a Session's tokens expires, in milliseconds, if nobody closes it before. */
export function goodUntil({ exp, refresh_token_exp: refreshUntil = exp }: JsonObject): number {
  return Math.max(Date.parse(String(exp)), Date.parse(String(refreshUntil)));
}

/** Throws `code` where a Client or User is not as it was read, or may not be used. */
export async function requireUnchanged(
  transaction: Transaction,
  type: string,
  stored: Stored,
  code: OAuthCode = 'invalid_grant',
): Promise<void> {
  const current = await currentStored(transaction, type, stored.id);
  if (current?.versionId === stored.versionId && isUsable(current.resource)) return;
  throw new OAuthError(code, 'The account changed during the request. Try again.');
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
    ...signedIn(issue.interaction),
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

function signedIn(interaction: Issue['interaction']): JsonObject {
  if (!interaction) return {};
  const { patient, authTime } = interaction;
  return {
    ...(patient === undefined ? {} : { patient: { reference: `Patient/${patient}` } }),
    auth_time: new Date(authTime).toISOString(),
  };
}

/** Seconds since the epoch as an `instant`. */
export function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** The id of the Client or the User that a Session is of. */
export function idIn(session: JsonObject, element: 'client' | 'user'): string | undefined {
  return referenceOf(session[element])?.split('/')[1];
}
