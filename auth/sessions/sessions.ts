/** Sessions. Every token belongs to one, which is written in the same transaction as the token. */
import type { Clock, RandomBytes } from '../../resources/clock.ts';
import type { Draft, Engine, Transaction } from '../../resources/engine.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import type { Address } from '../../resources/storage/known-versions.ts';
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

/** What a grant has decided to issue, and to whom. */
export interface Issue {
  /** The name of the grant, stored as the Session's type. */
  grant: string;
  client: Stored;
  user: Stored | undefined;
  scope: string[];
  audience: string[];
  /** The audience of the first access token, if it is only a part of `audience` (RFC 8707 §2.2). */
  firstAudience?: string[];
  address: string;
  /** When the request began to wait, in milliseconds of the process's monotonic clock; default: now. */
  since?: number;
  userAgent: string | undefined;
  /** Only for a person who signed in on a page. `authTime` is in milliseconds since the epoch. */
  interaction?: { authTime: number; patient: string | undefined; refreshable: boolean };
}

/** The tokens of a Session at one moment. */
export interface Tokens {
  session: JsonObject;
  access: AccessRecord;
  accessToken: string;
  refreshToken: string | undefined;
}

/** What Sessions are created with. */
export interface SessionsContext {
  engine: Engine;
  keys: Keys;
  liveTokens: LiveTokens;
  settings: AuthSettings;
  clock: Clock;
  random: RandomBytes;
}

/** A Session ready to be stored, with what its tokens are written from. */
export interface DraftedSession {
  draft: Draft;
  session: JsonObject;
  access: AccessRecord;
  /** Seconds since the epoch. */
  refreshUntil: number;
  parts: Parts;
  /** The key that signs its tokens, if they are JWTs. */
  signing: SigningKey | undefined;
}

/** The secret parts of a Session's tokens. */
interface Parts {
  access: string;
  refresh: string | undefined;
}

/**
 * Starts a Session and issues its tokens. Throws `invalid_grant` if the Client or the User has changed since it was
 * authenticated: the proof of identity may no longer hold.
 */
export async function startSession(context: SessionsContext, issue: Issue): Promise<Tokens> {
  const drafted = draftSession(context, issue, await signingKeyFor(context, issue));
  // Signing takes longer than storing, so both run at once. Nobody receives the tokens before both are done.
  const [tokens] = await Promise.all([
    tokensOf(context, drafted),
    context.engine.transact((transaction) => storeSession(transaction, issue, drafted), accountsOf(issue), issue.since),
  ]);
  return tokens;
}

/** Returns the key that signs a Session's tokens; undefined if they are opaque. Must not be called within a job. */
export async function signingKeyFor(
  { keys, settings }: SessionsContext,
  { client, grant }: Pick<Issue, 'client' | 'grant'>,
): Promise<SigningKey | undefined> {
  const chosen = grantSettings(client.resource, grant, settings);
  return chosen.format === 'jwt' ? keys.signing(lifetimeOf(chosen)) : undefined;
}

/** Writes the tokens of a drafted Session. They are valid once it is stored. */
export function tokensOf(
  context: SessionsContext,
  { session, access, parts, signing }: DraftedSession,
): Promise<Tokens> {
  return writeTokens(context, session, access, parts, signing);
}

/** Prepares a Session for storage. Everything that needs no other resource is done before the write queue. */
export function draftSession(context: SessionsContext, issue: Issue, signing: SigningKey | undefined): DraftedSession {
  const { engine, settings, random, clock } = context;
  const chosen = grantSettings(issue.client.resource, issue.grant, settings);
  const refreshable = chosen.refreshable && (issue.interaction?.refreshable ?? true);
  const parts: Parts = { access: randomPart(random), refresh: refreshable ? randomPart(random) : undefined };
  // Before the clock is read, so that no id holds a later time than the start of its Session.
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

/** Stores a Session with its credentials and returns its key. Throws `invalid_grant` like `startSession`. */
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

/** Writes the tokens of a Session around their secret parts: JWTs if there is a key, else opaque tokens. */
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

/** Ends a Session inside a job. The resource stays; its tokens are no longer valid. */
export async function endSession(transaction: Transaction, id: string, cause: SessionEnd): Promise<void> {
  const session = await currentStored(transaction, 'Session', id);
  if (!session || session.resource['active'] === false) return;
  // The rule of the type sets `end` and removes the credentials in the same transaction.
  await transaction.update('Session', id, { ...session.resource, active: false }, { by: 'server', cause });
}

/** Returns when the last token of a Session expires, in milliseconds since the epoch, unless it is closed earlier. */
export function goodUntil({ exp, refresh_token_exp: refreshUntil = exp }: JsonObject): number {
  return Math.max(Date.parse(String(exp)), Date.parse(String(refreshUntil)));
}

/** Returns the addresses of the Client and the User that a job requires to be unchanged. */
export function accountsOf({ client, user }: Partial<Pick<Issue, 'client' | 'user'>>): Address[] {
  const accounts = [
    { type: 'Client', id: client?.id },
    { type: 'User', id: user?.id },
  ];
  return accounts.flatMap(({ type, id }) => (id === undefined ? [] : [{ type, id }]));
}

/** Throws `code` if the Client or User has changed since it was read, or is switched off. */
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

/** Returns seconds since the epoch as a FHIR `instant`. */
export function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** Returns the id of the Client or User of a Session. */
export function idIn(session: JsonObject, element: 'client' | 'user'): string | undefined {
  return referenceOf(session[element])?.split('/')[1];
}
