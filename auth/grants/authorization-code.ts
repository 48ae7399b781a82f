/** Exchanges codes for tokens (https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3, RFC 7636 §4.6, RFC 9700 §4.5). */
import { hash, timingSafeEqual } from 'node:crypto';
import type { Work } from '../../resources/engine.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import { endReplayed, findCode, type LiveCode, spendCode, takeCode } from '../authorization/codes.ts';
import { AUTHORIZATION_CODE, asksForRefresh } from '../authorization/request.ts';
import { requireAuthentication, requireGrant } from '../clients/client-auth.ts';
import { OAuthError } from '../errors.ts';
import { narrowedAudience } from '../scopes/audience.ts';
import {
  accountsOf,
  type DraftedSession,
  draftSession,
  type Issue,
  type SessionsContext,
  signingKeyFor,
  storeSession,
  type Tokens,
  tokensOf,
} from '../sessions/sessions.ts';
import { type GrantSettings, grantSettings } from '../settings.ts';
import { findStored } from '../stored.ts';
import { signedInAnswer } from '../tokens/signed-in.ts';
import type { Grant, GrantContext, GrantRequest } from './grant.ts';

export const authorizationCode: Grant = {
  name: AUTHORIZATION_CODE,
  async issue(context, request) {
    const { engine, sessions } = context;
    const { parameters, requestClient } = request;
    const { client } = requestClient;
    const settings = grantSettings(client.resource, AUTHORIZATION_CODE, sessions.settings);
    requireAuthentication(requestClient, !settings.secretRequired);
    requireGrant(client.resource, AUTHORIZATION_CODE);
    const code = parameters.require('code');
    const verifier = parameters.require('code_verifier');
    const live = await findCode(engine.credentials, code);
    const issue = live && (await issueOf(context, request, settings, live));
    if (live) requireSameRequest(live, client.id, parameters.get('redirect_uri'), verifier);

    const drafted = issue && draftSession(sessions, issue, await signingKeyFor(sessions, issue));
    // Prepared before the code is spent. A failure after that would make the client retry, and a retry counts as theft.
    const given = issue && drafted && (await answerOf(sessions, issue, drafted, live?.agreement.nonce));
    const exchange: Work<boolean> = async (transaction) => {
      if (issue && drafted && live && live.expiresAt > transaction.now && (await takeCode(transaction, code))) {
        await spendCode(transaction, code, await storeSession(transaction, issue, drafted));
        return true;
      }
      await endReplayed(transaction, code, { asker: `Client/${client.id}`, address: request.address });
      return false;
    };
    const isGiven = await engine.transact(exchange, issue && accountsOf(issue), request.since);
    if (!isGiven || !given) throw refused();
    return given;
  },
};

/** Prepares the response: signed before it is stored, and returned only if the exchange succeeds. */
async function answerOf(
  sessions: SessionsContext,
  { user }: Issue,
  drafted: DraftedSession,
  nonce: string | undefined,
): Promise<{ tokens: Tokens; extra: JsonObject }> {
  const tokens = await tokensOf(sessions, drafted);
  return { tokens, extra: user ? await signedInAnswer(sessions, tokens, user, { nonce }) : {} };
}

/** The same text for every code that cannot be exchanged. */
function refused(): OAuthError {
  return new OAuthError(
    'invalid_grant',
    'The code is not valid. A code works once, within one minute, with the values of its authorization request.',
  );
}

/**
 * Throws `invalid_grant` if the client, the redirect URI or the PKCE verifier is not that of the authorization request.
 */
function requireSameRequest(
  { agreement }: LiveCode,
  client: string,
  redirectUri: string | undefined,
  verifier: string,
): void {
  if (agreement.client !== client) throw refused();
  const same = redirectUri === agreement.redirectUri;
  if (!same && (agreement.redirectUriSent || redirectUri !== undefined)) throw refused();
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) throw refused();
  const proof = Buffer.from(hash('sha256', verifier, 'base64url'));
  const challenge = Buffer.from(agreement.challenge);
  if (proof.length !== challenge.length || !timingSafeEqual(proof, challenge)) throw refused();
}

/** Returns what the code grants; undefined if the User no longer exists. */
async function issueOf(
  { engine }: GrantContext,
  { parameters, requestClient, address, userAgent }: GrantRequest,
  settings: GrantSettings,
  { userId, agreement }: LiveCode,
): Promise<Issue | undefined> {
  const user = await findStored(engine, 'User', userId);
  if (!user) return undefined;
  const { scope, audience, authTime, patient } = agreement;
  return {
    grant: AUTHORIZATION_CODE,
    client: requestClient.client,
    user,
    scope,
    audience,
    firstAudience: narrowedAudience(settings, audience, {
      audience: parameters.all('audience'),
      resource: parameters.all('resource'),
    }),
    address,
    userAgent,
    interaction: { authTime, patient, refreshable: asksForRefresh(scope) },
  };
}
