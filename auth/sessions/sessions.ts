/** Sessions: every token belongs to one, written in the same transaction that issues the token. */
import type { Clock, RandomBytes } from '../../resources/clock.ts';
import type { Draft, Engine, Transaction } from '../../resources/engine.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import type { Address } from '../../resources/storage/known.ts';
import { type OAuthCode, OAuthError } from '../errors.ts';
import type { Keys, SigningKey } from '../keys/keys.ts';
import { type AuthSettings, grantSettings } from '../settings.ts';
import { currentStored, isUsable, referenceOf, type Stored } from '../stored.ts';
import type { LiveTokens } from '../tokens/live-tokens.ts';
import { randomPart, type TokenUse, tokenHash, writeToken } from '../tokens/mint.ts';
import { type AccessRecord, detailOf } from '../tokens/token-records.ts';
import type { SessionEnd } from './ending.ts';
import { expiryOf, lifetimeOf } from './expiry.ts';
import { shownAgent, withUse } from './last-use.ts';

/** What a grant has decided to give, and to whom. */
export interface Issue {
  /** The grant's name, which is the Session's type. */
  grant: string;
  client: Stored;
  user: Stored | undefined;
  scope: string[];
  audience: string[];
  /** For whom the first access token is, where that is a part of the audience alone (RFC 8707 §2.2). */
  firstAudience?: string[];
  address: string;
  /** Since when the request waits, in milliseconds of the process; from now on where it has not yet. */
  since?: number;
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
  clock: Clock;
  random: RandomBytes;
}

/** A Session that is ready to be stored, and what its tokens are written from. */
export interface DraftedSession {
  draft: Draft;
  session: JsonObject;
  access: AccessRecord;
  /** Seconds since the epoch. */
  refreshUntil: number;
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
  const drafted = draftSession(context, issue, await signingKeyFor(context, issue));
  // Signing takes longer than storing: nobody has the tokens before both are done.
  const [tokens] = await Promise.all([
    tokensOf(context, drafted),
    context.engine.transact((transaction) => storeSession(transaction, issue, drafted), accountsOf(issue), issue.since),
  ]);
  return tokens;
}

/** The key that will sign the tokens of a Session, where they are JWTs. Not to be called within a job. */
export async function signingKeyFor(
  { keys, settings }: SessionsContext,
  { client, grant }: Pick<Issue, 'client' | 'grant'>,
): Promise<SigningKey | undefined> {
  const chosen = grantSettings(client.resource, grant, settings);
  return chosen.format === 'jwt' ? keys.signing(lifetimeOf(chosen)) : undefined;
}

/** Writes the tokens of a drafted Session: they are good once it is stored. */
export function tokensOf(
  context: SessionsContext,
  { session, access, parts, signing }: DraftedSession,
): Promise<Tokens> {
  return writeTokens(context, session, access, parts, signing);
}

/** Makes a Session ready to store: what of it needs no look at anything else is done before the queue. */
export function draftSession(context: SessionsContext, issue: Issue, signing: SigningKey | undefined): DraftedSession {
  const { engine, settings, random, clock } = context;
  const chosen = grantSettings(issue.client.resource, issue.grant, settings);
  const refreshable = chosen.refreshable && (issue.interaction?.refreshable ?? true);
  const parts: Parts = { access: randomPart(random), refresh: refreshable ? randomPart(random) : undefined };
  // Before the clock is read, so that no id tells a later time than its Session's start.
  const id = engine.newId();
  const now = clock();
  const issuedAt = Math.floor(now / 1000);
  const { access: expiresAt, refresh: refreshUntil } = expiryOf(settings, chosen, issuedAt, issuedAt);
  const { scope, audience, firstAudience = audience } = issue;
  const { format } = chosen;
  const given = { generation: 0, format, scope, audience: firstAudience, unused: false };
  const access: AccessRecord = { ...given, issuedAt, expiresAt, ...(signing && { kid: signing.kid }) };
  const content = sessionOf(issue, id, now, expiresAt, refreshable ? refreshUntil : undefined);
  const draft = engine.draft('Session', id, content);
  return { draft, session: { resourceType: 'Session', id, ...content }, access, refreshUntil, parts, signing };
}

/** Stores a Session with its credentials, and gives its key. Throws `invalid_grant`, as `startSession` does. */
export async function storeSession(
  transaction: Transaction,
  issue: Issue,
  { draft, access, refreshUntil, parts }: DraftedSession,
): Promise<number> {
  await requireUnchanged(transaction, 'Client', issue.client);
  if (issue.user) await requireUnchanged(transaction, 'User', issue.user);
  const { key } = await transaction.insert(draft);
  const { credentials } = transaction;
  const { generation, format } = access;
  await credentials.insert({ key, name: 'access', hash: tokenHash(format, parts.access), detail: detailOf(access) });
  if (parts.refresh !== undefined) {
    const detail = detailOf({ generation, expiresAt: refreshUntil });
    await credentials.insert({ key, name: 'refresh', hash: tokenHash(format, parts.refresh), detail });
  }
  return key;
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
export async function endSession(transaction: Transaction, id: string, cause: SessionEnd): Promise<void> {
  const session = await currentStored(transaction, 'Session', id);
  if (!session || session.resource['active'] === false) return;
  // The rule of the type writes the end and removes the credentials in the same transaction.
  await transaction.update('Session', id, { ...session.resource, active: false }, { by: 'server', cause });
}

/** When the last of a Session's tokens expires, in milliseconds, if nobody closes it before. */
export function goodUntil({ exp, refresh_token_exp: refreshUntil = exp }: JsonObject): number {
  return Math.max(Date.parse(String(exp)), Date.parse(String(refreshUntil)));
}

/** What a job looks at that requires the Client and the User to be unchanged. */
export function accountsOf({ client, user }: Partial<Pick<Issue, 'client' | 'user'>>): Address[] {
  const accounts = [
    { type: 'Client', id: client?.id },
    { type: 'User', id: user?.id },
  ];
  return accounts.flatMap(({ type, id }) => (id === undefined ? [] : [{ type, id }]));
}

/** Throws `code` where a Client or User is not as it was read, or may not be used. */
export async function requireUnchanged(
  transaction: Transaction,
  type: string,
  stored: Stored,
  code: OAuthCode = 'invalid_grant',
): Promise<void> {
  const current = await transaction.current(type, stored.id);
  if (current?.versionId === stored.versionId && isUsable(stored.resource)) return;
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
