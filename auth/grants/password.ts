/** The resource owner password credentials grant (https://www.rfc-editor.org/rfc/rfc6749#section-4.3). */
import type { Engine } from '../../resources/engine.ts';
import { foldName } from '../../resources/names.ts';
import { grantedAudience, isForOthers } from '../audience.ts';
import { requireAuthentication, requireGrant } from '../client-auth.ts';
import { OAuthError } from '../errors.ts';
import { grantedScope, parseScope } from '../scopes.ts';
import { startSession } from '../sessions.ts';
import { grantSettings } from '../settings.ts';
import { findStored, type Stored } from '../stored.ts';
import { userInfo } from '../user-info.ts';
import type { Grant } from './grant.ts';

const NAME = 'password';

export const password: Grant = {
  name: NAME,
  async issue({ engine, accounts, sessions, audit }, { parameters, requestClient, address, userAgent }) {
    const { client } = requestClient;
    const settings = grantSettings(client.resource, NAME, sessions.settings);
    requireAuthentication(requestClient, !settings.secretRequired);
    requireGrant(client.resource, NAME);
    const username = parameters.require('username');
    const secrets = [parameters.require('password')];
    const audience = grantedAudience(sessions.settings, settings, {
      audience: parameters.all('audience'),
      resource: parameters.all('resource'),
    });
    const asked = parseScope(parameters.get('scope'));
    const scope = grantedScope(client.resource, asked, isForOthers(sessions.settings, audience));

    const user = await findUser(engine, username);
    const name = user ? `User/${user.id}` : `login/${foldName(username)}`;
    const proven = await accounts.prove({ account: user, name, credential: 'password', secrets, address });
    audit.note({ kind: 'login', outcome: proven ? '0' : '4', user: user?.id, client: client.id, address });
    if (!proven || !user) throw new OAuthError('invalid_grant', 'The username or the password is wrong.');
    const tokens = await startSession(sessions, { grant: NAME, client, user, scope, audience, address, userAgent });
    return { tokens, extra: { userinfo: userInfo(user) } };
  },
};

/** The User with this id, userName or email: the three share one namespace, so at most one has it. */
async function findUser(engine: Engine, login: string): Promise<Stored | undefined> {
  const holder = await engine.holder('login', login);
  return holder?.type === 'User' ? findStored(engine, 'User', holder.id) : undefined;
}
