/**
 * oidc-provider with its own adapter in memory: opaque tokens by client_credentials, refreshing and introspection.
 * Prints `READY {"url", "refreshToken"}` when it listens.
 */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const CLIENT = { client_id: 'bench', client_secret: 'bench-secret' };
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(url, {
  clients: [
    {
      ...CLIENT,
      grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
      redirect_uris: ['https://app.example/cb'],
      token_endpoint_auth_method: 'client_secret_basic',
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    devInteractions: { enabled: false },
  },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  rotateRefreshToken: false,
  scopes: ['api', 'offline_access'],
  cookies: { keys: ['benchmark'] },
});
server.on('request', provider.callback());

const client = await provider.Client.find(CLIENT.client_id);
const grant = new provider.Grant({ accountId: 'ann', clientId: CLIENT.client_id });
grant.addOIDCScope('api offline_access');
const grantId = await grant.save();
const refreshToken = await new provider.RefreshToken({
  client,
  accountId: 'ann',
  grantId,
  gty: 'authorization_code',
  scope: 'api offline_access',
  authTime: Math.floor(Date.now() / 1000),
}).save();
console.log(`READY ${JSON.stringify({ url, refreshToken })}`);
