/** What a crash must not undo, on a real process. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { after, before, describe, it } from 'mocha';
import type { TestDatabase } from '../../harness/database.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { startServer, type TestServer } from '../../harness/server.ts';
import { wholeLog } from '../../server/whole-log.ts';
import { type Api, apiOf, refusal } from './api.ts';

type Started = TestServer & Pick<Api, 'put' | 'token' | 'granted' | 'statusWith' | 'issuer'>;

describe('after a crash and a restart', () => {
  let database: TestDatabase;
  let api: Started;
  const start = async () => {
    const env = { LOG_LEVEL: 'info', BASE_URL: 'http://ward.example' };
    api = apiOf(await startServer({ database, env }), 'http://ward.example');
  };

  before(async () => {
    database = await preparedDatabase();
    await start();
  });
  after(async () => {
    await api.stop();
    await database.drop();
  });

  it('tokens are still good, replay after restart ends the Session, a retry gets the same successors', async () => {
    const auth = { password: { refresh_token: true, token_format: 'jwt' } };
    await api.put('/Client/webapp', { grant_types: ['password'], auth });
    await api.put('/User/ann', { password: 'correct-horse' });
    await api.put('/AccessPolicy/all', { engine: 'allow', link: [{ reference: 'User/ann' }] });
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const keys = [await exportJWK(publicKey)];
    await api.put('/Client/backend', { grant_types: ['client_credentials'], jwks: { keys } });

    const login = () =>
      api.granted({ grant_type: 'password', client_id: 'webapp', username: 'ann', password: 'correct-horse' });
    const refresh = (token: string) =>
      api.token({ grant_type: 'refresh_token', client_id: 'webapp', refresh_token: token });
    const [kept, spent, revoked] = [await login(), await login(), await login()];
    const successor = await refresh(spent.string('refresh_token'));
    await api.request('DELETE', '/Session', { as: { bearer: revoked.string('access_token') } });
    const claims = { iss: 'backend', sub: 'backend', aud: api.issuer, jti: randomUUID() };
    const assertion = await new SignJWT({ ...claims, exp: Math.floor(Date.now() / 1000) + 60 })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(privateKey);
    const assert = () =>
      api.token({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      });
    expect((await assert()).status).to.equal(200);

    await api.kill();
    await start();
    expect(await api.statusWith(kept.string('access_token')), 'a JWT from before').to.equal(200);
    expect(await api.statusWith(revoked.string('access_token')), 'a Session that was closed').to.equal(401);
    const again = await refresh(spent.string('refresh_token'));
    expect(again.string('refresh_token')).to.equal(successor.string('refresh_token'));
    expect(again.string('access_token')).to.equal(successor.string('access_token'));
    const third = await refresh(successor.string('refresh_token'));
    expect(refusal(await refresh(spent.string('refresh_token'))), 'replay after restart').to.equal('400 invalid_grant');
    expect(await api.statusWith(third.string('access_token'))).to.equal(401);
    expect(refusal(await assert()), 'assertion jti replay').to.equal('401 invalid_client');
  });

  it('tokens in logs: no token, secret or password is in any line', async () => {
    const log = await wholeLog(api);
    expect(log).to.include('/auth/token');
    expect(log).to.not.match(/correct-horse|eyJ[\w-]{10,}|client_assertion=|refresh_token=/);
  });
});
