import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { Reply } from '../../harness/http.ts';
import { type Api, refusal, startApi } from './api.ts';

const SECRET = 'app-secret';

/** Clients of one grant each, opaque and JWT: everything here holds for both. */
for (const [format, alg] of [
  ['opaque', 'ES256'],
  ['jwt', 'RS256'],
  ['jwt', 'ES256'],
  ['jwt', 'EdDSA'],
] as const) {
  describe(`refresh over HTTP, ${format} tokens, ${alg} (RFC 6749 §6, RFC 9700 §4.14.2)`, () => {
    let api: Api;
    before(async () => {
      api = await startApi({ SIGNING_ALG: alg });
      const settings = { refresh_token: true, refresh_token_expiration: 1000, access_token_expiration: 100 };
      const auth = { password: { ...settings, ...(format === 'jwt' ? { token_format: 'jwt' } : {}) } };
      const app = { grant_types: ['password'], auth };
      await api.put('/Client/public', app);
      await api.put('/Client/public2', app);
      await api.put('/Client/confidential', { ...app, secret: SECRET });
      await api.put('/User/ann', { password: 'correct-horse' });
      await api.put('/AccessPolicy/all', { engine: 'allow', link: [{ reference: 'User/ann' }] });
    });
    after(() => api.stop());
    beforeEach(() => api.pass(16 * 60));

    const login = (client = 'public') => {
      const proof = client === 'confidential' ? { client_secret: SECRET } : {};
      return api.granted({
        grant_type: 'password',
        client_id: client,
        username: 'ann',
        password: 'correct-horse',
        ...proof,
      });
    };
    const refresh = (token: string, more = {}) =>
      api.token({ grant_type: 'refresh_token', client_id: 'public', refresh_token: token, ...more });
    const proven = { client_id: 'confidential', client_secret: SECRET };
    const access = (reply: Reply) => reply.string('access_token');
    const next = (reply: Reply) => reply.string('refresh_token');

    it('RFC 9700 §2.2.2: a public client always gets a new refresh token, and the whole answer', async () => {
      const first = await login();
      const second = await refresh(next(first));
      expect(second.status, second.text).to.equal(200);
      expect(second.body).to.have.keys('token_type', 'access_token', 'expires_in', 'refresh_token', 'userinfo');
      expect(second.body).to.include({ token_type: 'Bearer', expires_in: 100 });
      expect(second.at('userinfo.sub')).to.equal('ann');
      expect(next(second)).to.not.equal(next(first));
      expect(access(second)).to.not.equal(access(first));
    });

    it('the old access token ends, the new one is good', async () => {
      const first = await login();
      const second = await refresh(next(first));
      expect(await api.statusWith(access(first))).to.equal(401);
      expect(await api.statusWith(access(second))).to.equal(200);
    });

    it('a confidential client keeps its refresh token', async () => {
      const first = await login('confidential');
      const second = await refresh(next(first), proven);
      expect(next(second)).to.equal(next(first));
      const third = await refresh(next(first), proven);
      expect(third.status, third.text).to.equal(200);
      expect(await api.statusWith(access(second))).to.equal(401);
      expect(await api.statusWith(access(third))).to.equal(200);
    });

    it('refresh replay in the same second: a retry with the spent token gets the very same successors', async () => {
      const first = await login();
      const second = await refresh(next(first));
      api.pass(3);
      const again = await refresh(next(first));
      expect(again.status, again.text).to.equal(200);
      expect(next(again)).to.equal(next(second));
      expect(access(again)).to.equal(access(second));
      expect(await api.statusWith(access(again))).to.equal(200);
    });

    it('RFC 9700 §4.14.2, RFC 6749 §10.4: later, reuse ends the Session', async () => {
      const first = await login();
      const second = await refresh(next(first));
      api.pass(11);
      expect(refusal(await refresh(next(first)))).to.equal('400 invalid_grant');
      expect(await api.statusWith(access(second))).to.equal(401);
      expect(refusal(await refresh(next(second)))).to.equal('400 invalid_grant');
    });

    it('RFC 9700 §4.14.2: once a successor has been used, reuse ends the Session, however soon', async () => {
      const first = await login();
      const second = await refresh(next(first));
      const third = await refresh(next(second));
      expect(third.status).to.equal(200);
      expect(refusal(await refresh(next(first)))).to.equal('400 invalid_grant');
      expect(await api.statusWith(access(third))).to.equal(401);
      expect(refusal(await refresh(next(third)))).to.equal('400 invalid_grant');
    });

    it('once the new access token has been used, reuse ends the Session, however soon', async () => {
      const first = await login();
      const second = await refresh(next(first));
      expect(access(await refresh(next(first))), 'a retry before').to.equal(access(second));
      expect(await api.statusWith(access(second))).to.equal(200);
      expect(refusal(await refresh(next(first)))).to.equal('400 invalid_grant');
      expect(await api.statusWith(access(second))).to.equal(401);
      expect(refusal(await refresh(next(second)))).to.equal('400 invalid_grant');
    });

    it('introspection of the new access token is use too', async () => {
      const first = await login();
      const second = await refresh(next(first));
      const form = { token: access(second), ...proven };
      expect((await api.request('POST', '/auth/introspect', { form })).status).to.equal(200);
      expect(refusal(await refresh(next(first)))).to.equal('400 invalid_grant');
    });

    it('the use of an access token counts for its own rotation alone', async () => {
      const first = await login();
      const second = await refresh(next(first));
      expect(await api.statusWith(access(second))).to.equal(200);
      const third = await refresh(next(second));
      const again = await refresh(next(second));
      expect(access(again)).to.equal(access(third));
      expect(next(again)).to.equal(next(third));
    });

    it('two refreshes within one second end the old access token each', async () => {
      for (const client of ['public', 'confidential']) {
        const extra = client === 'public' ? {} : proven;
        const first = await login(client);
        const second = await refresh(next(first), extra);
        expect(await api.statusWith(access(second))).to.equal(200);
        const third = await refresh(next(second), extra);
        expect(await api.statusWith(access(second)), client).to.equal(401);
        expect(await api.statusWith(access(third)), client).to.equal(200);
      }
    });

    it('RFC 9700 §4.14.2: the expiry slides with each use', async () => {
      let reply = await login();
      for (let at = 0; at < 3; at += 1) {
        api.pass(900);
        reply = await refresh(next(reply));
        expect(reply.status, reply.text).to.equal(200);
      }
      api.pass(1001);
      expect(refusal(await refresh(next(reply)))).to.equal('400 invalid_grant');
    });

    it('RFC 6749 §6, RFC 9700 §4.14.2: scope widening on refresh; narrowing is for one token alone', async () => {
      const first = await api.granted({
        grant_type: 'password',
        client_id: 'public',
        username: 'ann',
        password: 'correct-horse',
        scope: 'a b',
      });
      expect(first.at('scope')).to.equal('a b');
      expect(refusal(await refresh(next(first), { scope: 'a b c' }))).to.equal('400 invalid_scope');
      const narrow = await refresh(next(first), { scope: 'b' });
      expect(narrow.at('scope')).to.equal('b');
      expect((await refresh(next(narrow))).at('scope')).to.equal('a b');
    });

    it('RFC 9700 §4.14.2: audience: what was granted or less, never another', async () => {
      const first = await login();
      expect(refusal(await refresh(next(first), { audience: 'https://other.example' }))).to.equal('400 invalid_target');
      expect((await refresh(next(first), { audience: api.issuer })).status).to.equal(200);
    });

    const refused: [why: string, request: () => Promise<Reply>, expected: string][] = [
      [
        "another client's refresh token",
        async () => refresh(next(await login()), { client_id: 'public2' }),
        '400 invalid_grant',
      ],
      [
        "another client's refresh token, by a confidential client",
        async () => refresh(next(await login()), proven),
        '400 invalid_grant',
      ],
      [
        'refresh without client authentication for a confidential client',
        async () => refresh(next(await login('confidential')), { client_id: 'confidential' }),
        '401 invalid_client',
      ],
      [
        'refresh with a wrong secret',
        async () => refresh(next(await login('confidential')), { client_id: 'confidential', client_secret: 'wrong' }),
        '401 invalid_client',
      ],
      ['access token used as refresh token', async () => refresh(access(await login())), '400 invalid_grant'],
      ['a token nobody has', () => refresh('A'.repeat(43)), '400 invalid_grant'],
      ['no token', () => refresh(''), '400 invalid_request'],
      ['no client', async () => refresh(next(await login()), { client_id: '' }), '401 invalid_client'],
      ['an unknown client', async () => refresh(next(await login()), { client_id: 'nobody' }), '401 invalid_client'],
    ];
    for (const [why, request, expected] of refused) {
      it(`RFC 6749 §6, RFC 6749 §10.4: refuses ${why}`, async () =>
        expect(refusal(await request())).to.equal(expected));
    }

    it('an app that does not say which client it is is told to', async () => {
      const reply = await refresh(next(await login()), { client_id: '' });
      expect(reply.string('error_description')).to.include('send client_id');
    });

    it('what is refused spends nothing: the token is still good for its own client', async () => {
      const first = await login();
      await refresh(next(first), { client_id: 'public2' });
      await refresh(next(first), { scope: 'more' });
      expect((await refresh(next(first))).status).to.equal(200);
    });

    it('refresh token used as bearer is no token', async () => {
      const first = await login();
      expect(await api.statusWith(next(first))).to.equal(401);
    });

    it('keeps one Session through all refreshes', async () => {
      const first = await login();
      const [session] = await api.found('/Session?active=true&_sort=-start&_count=1');
      await refresh(next(await refresh(next(first))));
      const [later] = await api.found('/Session?active=true&_sort=-start&_count=1');
      expect(later).to.include({ id: session?.['id'], jti: session?.['jti'] });
      expect(later?.['start']).to.equal(session?.['start']);
    });
  });
}
