/** Refreshes an access token (https://www.rfc-editor.org/rfc/rfc6749#section-6). */

import { userInfo } from '../accounts/user-info.ts';
import { requireAuthentication, requireGrant } from '../clients/client-auth.ts';
import { OAuthError } from '../errors.ts';
import { narrowedAudience } from '../scopes/audience.ts';
import { narrowedScope, parseScope } from '../scopes/scopes.ts';
import { refreshSession } from '../sessions/refresh.ts';
import { grantSettings, strings } from '../settings.ts';
import { findStored, referenceOf, type Stored } from '../stored.ts';
import { idTokenKey } from '../tokens/id-token.ts';
import type { Presented } from '../tokens/presented.ts';
import { signedInAnswer } from '../tokens/signed-in.ts';
import { refreshRecord, spentHash } from '../tokens/token-records.ts';
import type { Grant, GrantContext } from './grant.ts';

export const refreshToken: Grant = {
  name: 'refresh_token',
  async issue(context, request) {
    const { parameters, requestClient } = request;
    const { client, authenticated } = requestClient;
    const presented = await context.presented.read(parameters.require('refresh_token'), 'refresh');
    const found = presented && (await findSession(context, presented));
    if (!presented || !found || referenceOf(found.session.resource['client']) !== `Client/${client.id}`) {
      // A confidential client learns nothing about a token before it has authenticated.
      requireAuthentication(requestClient, false);
      throw refused();
    }
    const grant = String(found.session.resource['type']);
    const settings = grantSettings(client.resource, grant, context.sessions.settings);
    requireAuthentication(requestClient, !settings.secretRequired);
    requireGrant(client.resource, grant);
    if (!settings.refreshable) throw refused();
    const user = await userOf(context, found.session);
    const given = strings(found.session.resource['scope']);
    const scope = narrowedScope(client.resource, given, parseScope(parameters.get('scope')));
    const audience = narrowedAudience(settings, strings(found.session.resource['audience']), {
      audience: parameters.all('audience'),
      resource: parameters.all('resource'),
    });
    const { generation } = found;
    const session = found.session.id;
    const { address, since, userAgent } = request;
    const origin = { address, userAgent };
    const asked = { settings, scope, audience, origin, since };
    const refresh = { presented, generation, rotate: !authenticated, session, client, user, ...asked };
    const onPage = user !== undefined && found.session.resource['auth_time'] !== undefined;
    // Fetched before the token is spent: a later failure would look as if nothing had been stored.
    const key = onPage ? await idTokenKey(context.sessions, scope, settings.accessTokenExpiration) : undefined;
    const about = JSON.stringify([presented.hash, refresh.rotate, scope, audience]);
    const make = () => refreshSession(context.sessions, refresh);
    const tokens = await context.coalescing.share(about, request.arrival, make);
    if (!user) return { tokens, extra: {} };
    return {
      tokens,
      extra: onPage ? await signedInAnswer(context.sessions, tokens, user, { key }) : { userinfo: userInfo(user) },
    };
  },
};

function refused(): OAuthError {
  return new OAuthError('invalid_grant', 'The refresh token is not valid.');
}

/**
 * Returns the Session of a live or spent refresh token, and the generation that the token belongs to or was spent for.
 */
async function findSession(
  { engine }: GrantContext,
  { hash }: Presented,
): Promise<{ session: Stored; generation: number } | undefined> {
  const { credentials } = engine;
  const [live, spent] = await Promise.all([credentials.find(hash), credentials.find(spentHash(hash))]);
  const held = live?.name === 'refresh' ? live : spent;
  if (held?.type !== 'Session') return undefined;
  const session = await findStored(engine, 'Session', held.id);
  return session && { session, generation: refreshRecord(held).generation };
}

async function userOf({ engine }: GrantContext, { resource }: Stored): Promise<Stored | undefined> {
  const id = referenceOf(resource['user'])?.split('/')[1];
  if (id === undefined) return undefined;
  const user = await findStored(engine, 'User', id);
  if (!user) throw refused();
  return user;
}
