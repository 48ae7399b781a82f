/** The resource owner password credentials grant (https://www.rfc-editor.org/rfc/rfc6749#section-4.3). */

import { userInfo } from '../accounts/user-info.ts';
import { proveUser } from '../accounts/users.ts';
import { requireAuthentication, requireGrant } from '../clients/client-auth.ts';
import { OAuthError } from '../errors.ts';
import { grantedAudience, isForOthers } from '../scopes/audience.ts';
import { grantedScopeWithoutPatient, parseScope } from '../scopes/scopes.ts';
import { startSession } from '../sessions/sessions.ts';
import { grantSettings } from '../settings.ts';
import type { Grant } from './grant.ts';

const NAME = 'password';

export const password: Grant = {
  name: NAME,
  async issue(context, { parameters, requestClient, address, since, userAgent }) {
    const { sessions } = context;
    const { client } = requestClient;
    const settings = grantSettings(client.resource, NAME, sessions.settings);
    requireAuthentication(requestClient, !settings.secretRequired);
    requireGrant(client.resource, NAME);
    const username = parameters.require('username');
    const secret = parameters.require('password');
    const audience = grantedAudience(sessions.settings, settings, {
      audience: parameters.all('audience'),
      resource: parameters.all('resource'),
    });
    const asked = parseScope(parameters.get('scope'));
    const scope = grantedScopeWithoutPatient(client.resource, asked, isForOthers(sessions.settings, audience));

    const user = await proveUser(context, { username, password: secret, address, since, client: client.id });
    if (!user) throw new OAuthError('invalid_grant', 'The username or password is wrong.');
    const issue = { grant: NAME, client, user, scope, audience, address, since, userAgent };
    const tokens = await startSession(sessions, issue);
    return { tokens, extra: { userinfo: userInfo(user) } };
  },
};
