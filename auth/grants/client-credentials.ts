/** The client credentials grant (https://www.rfc-editor.org/rfc/rfc6749#section-4.4). */

import { requireGrant } from '../clients/client-auth.ts';
import { OAuthError, REFUSED } from '../errors.ts';
import { grantedAudience, isForOthers } from '../scopes/audience.ts';
import { grantedScopeWithoutPatient, parseScope } from '../scopes/scopes.ts';
import { startSession } from '../sessions/sessions.ts';
import { grantSettings } from '../settings.ts';
import type { Grant } from './grant.ts';

const NAME = 'client_credentials';

export const clientCredentials: Grant = {
  name: NAME,
  async issue({ sessions }, { parameters, requestClient, address, since, userAgent }) {
    const { client, authenticated } = requestClient;
    if (!authenticated) throw new OAuthError('invalid_client', REFUSED);
    requireGrant(client.resource, NAME);
    const settings = grantSettings(client.resource, NAME, sessions.settings);
    const audience = grantedAudience(sessions.settings, settings, {
      audience: parameters.all('audience'),
      resource: parameters.all('resource'),
    });
    const asked = parseScope(parameters.get('scope'));
    const scope = grantedScopeWithoutPatient(client.resource, asked, isForOthers(sessions.settings, audience));
    const issue = { grant: NAME, client, user: undefined, scope, audience, address, since, userAgent };
    return { tokens: await startSession(sessions, issue), extra: {} };
  },
};
