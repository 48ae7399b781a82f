/** Every attribute of a Client's `auth.<grant>`, and the expiry of what it gives. */
import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { after, before, describe, it } from 'mocha';
import type { Reply } from '../../harness/http.ts';
import { type Api, refusal, startApi } from './api.ts';

const SECRET = 'app-secret';
const DEFAULTS = { ACCESS_TOKEN_EXPIRATION: '700', REFRESH_TOKEN_EXPIRATION: '5000' };

for (const grant of ['client_credentials', 'password'] as const) {
  describe(`attributes of auth.${grant}`, () => {
    let api: Api;
    before(async () => {
      api = await startApi(DEFAULTS);
      const attributes: Record<string, object> = {
        plain: { secret_required: true },
        jwt: { token_format: 'jwt' },
        short: { access_token_expiration: 60 },
        refreshing: { refresh_token: true },
        'jwt-refreshing': { token_format: 'jwt', refresh_token: true },
        'short-refresh': { refresh_token: true, refresh_token_expiration: 100, access_token_expiration: 50 },
        'no-refresh': { refresh_token: false },
      };
      for (const [id, own] of Object.entries(attributes)) {
        await api.put(`/Client/${id}`, { secret: SECRET, grant_types: [grant], auth: { [grant]: own } });
      }
      await api.put('/User/ann', { password: 'correct-horse' });
      await api.put('/AccessPolicy/clients', {
        engine: 'allow',
        link: [...Object.keys(attributes).map((id) => ({ reference: `Client/${id}` })), { reference: 'User/ann' }],
      });
    });
    after(() => api.stop());

    const login = (id: string, more = {}): Promise<Reply> => {
      const owner = grant === 'password' ? { username: 'ann', password: 'correct-horse' } : {};
      return api.granted({ grant_type: grant, client_id: id, client_secret: SECRET, ...owner, ...more });
    };
    const refresh = (id: string, token: string) =>
      api.token({ grant_type: 'refresh_token', client_id: id, client_secret: SECRET, refresh_token: token });
    const subject = grant === 'password' ? 'ann' : undefined;

    it('without token_format: opaque, 32 bytes', async () => {
      const reply = await login('plain');
      expect(Buffer.from(reply.string('access_token'), 'base64url')).to.have.length(32);
      expect(reply.at('expires_in')).to.equal(700);
      expect(reply.body).to.not.have.property('refresh_token');
    });

    it('RFC 9068 §2.1, §2.2, RFC 9068 §2.2.2: token_format jwt is a signed access token with its claims', async () => {
      const reply = await login('jwt', { scope: 'a b' });
      const token = reply.string('access_token');
      const claims = decodeJwt(token);
      expect(decodeProtectedHeader(token)).to.include({ typ: 'at+jwt', alg: 'ES256' }).and.include.keys('kid');
      expect(claims).to.include({
        iss: api.issuer,
        aud: api.issuer,
        sub: subject ?? 'jwt',
        client_id: 'jwt',
        scope: 'a b',
      });
      expect(Number(claims.exp) - Number(claims.iat)).to.equal(700);
      // Who a person is and how they signed in is not for whoever reads the token.
      const names = ['iss', 'aud', 'sub', 'client_id', 'scope', 'iat', 'exp', 'jti', 'tid'];
      expect(claims).to.have.all.keys(...names);
      const [session] = await api.found(`/Session?jti=${claims.jti}`);
      expect(session).to.include({ id: claims.jti, type: grant });
      expect(await api.statusWith(token)).to.equal(200);
    });

    it('the refresh token beside a JWT is one too', async () => {
      const reply = await login('jwt-refreshing');
      const [access, refreshing] = ['access_token', 'refresh_token'].map((name) => decodeJwt(reply.string(name)));
      expect(refreshing).to.include({ typ: 'refresh', jti: access?.jti, sub: 'jwt-refreshing' });
      expect(refreshing?.['tid']).to.not.equal(access?.['tid']);
    });

    it('every JWT has a tid of its own', async () => {
      const replies = await Promise.all(Array.from({ length: 8 }, () => login('jwt')));
      expect(new Set(replies.map((reply) => decodeJwt(reply.string('access_token'))['tid'])).size).to.equal(8);
    });

    it('access_token_expiration: to the second', async () => {
      for (const [id, seconds] of [
        ['short', 60],
        ['plain', 700],
        ['jwt', 700],
      ] as const) {
        const reply = await login(id);
        expect(reply.at('expires_in')).to.equal(seconds);
        const bearer = reply.string('access_token');
        api.pass(seconds - 2);
        expect(await api.statusWith(bearer), id).to.equal(200);
        api.pass(3);
        expect(await api.statusWith(bearer), id).to.equal(401);
      }
    });

    it('RFC 9700 §4.14.2: refresh_token: true gives one, false none', async () => {
      expect((await login('refreshing')).body).to.have.property('refresh_token');
      expect((await login('no-refresh')).body).to.not.have.property('refresh_token');
    });

    it('refresh_token_expiration: from the last use', async () => {
      for (const [id, seconds] of [
        ['short-refresh', 100],
        ['refreshing', 5000],
      ] as const) {
        const token = (await login(id)).string('refresh_token');
        api.pass(seconds - 2);
        expect((await refresh(id, token)).status, id).to.equal(200);
        api.pass(seconds - 2);
        expect((await refresh(id, token)).status, id).to.equal(200);
        api.pass(seconds + 1);
        expect(refusal(await refresh(id, token)), id).to.equal('400 invalid_grant');
      }
    });

    it('refresh_token switched off later: what was given out is not refreshed any more', async () => {
      const token = (await login('refreshing')).string('refresh_token');
      await api.put('/Client/refreshing', { secret: SECRET, grant_types: [grant] });
      expect(refusal(await refresh('refreshing', token))).to.equal('400 invalid_grant');
    });
  });
}

describe('SIGNING_ALG', () => {
  for (const alg of ['RS256', 'EdDSA']) {
    it(`RFC 9068 §2.1: ${alg} signs, and jwks.json publishes it`, async () => {
      const api = await startApi({ SIGNING_ALG: alg });
      const auth = { client_credentials: { token_format: 'jwt' } };
      await api.put('/Client/jwt', { secret: SECRET, grant_types: ['client_credentials'], auth });
      const reply = await api.granted({ grant_type: 'client_credentials', client_id: 'jwt', client_secret: SECRET });
      const header = decodeProtectedHeader(reply.string('access_token'));
      const jwks = await api.request('GET', '/.well-known/jwks.json');
      expect(header.alg).to.equal(alg);
      expect(jwks.at('keys.0')).to.include({ kid: header.kid, alg, use: 'sig' });
      expect(jwks.at('keys.0')).to.not.have.any.keys('d', 'p', 'q', 'dp', 'dq', 'qi', 'k');
      expect(await api.statusWith(reply.string('access_token'), '/auth/userinfo')).to.equal(200);
      await api.stop();
    });
  }
});
