import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Reply } from '../../harness/http.ts';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

const SECRET = 'app-secret';

describe('Sessions over HTTP', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    const auth = { password: { refresh_token: true }, client_credentials: { refresh_token: true } };
    await api.put('/Client/app', { secret: SECRET, grant_types: ['password', 'client_credentials'], auth });
    await api.put('/User/ann', { password: 'correct-horse' });
    await api.put('/User/bob', { password: 'correct-horse' });
    await api.put('/AccessPolicy/ann', { engine: 'allow', link: [{ reference: 'User/ann' }] });
  });
  after(() => api.stop());

  const login = (username = 'ann') =>
    api.granted({
      grant_type: 'password',
      client_id: 'app',
      client_secret: SECRET,
      username,
      password: 'correct-horse',
    });
  const bearerOf = (reply: Reply) => reply.string('access_token');
  const refreshed = async (reply: Reply) => {
    const form = { grant_type: 'refresh_token', client_id: 'app', client_secret: SECRET };
    return (await api.token({ ...form, refresh_token: reply.string('refresh_token') })).status;
  };
  const newest = async (user = 'ann') => {
    const [session] = await api.found(`/Session?user=User/${user}&_sort=-start&_count=1`);
    return session ?? {};
  };

  describe('DELETE /Session', () => {
    it('ends access and refresh; the Session stays as a resource, with its end', async () => {
      const reply = await login();
      const ended = await api.request('DELETE', '/Session', { as: { bearer: bearerOf(reply) } });
      expect([ended.status, ended.text]).to.eql([204, '']);
      expect(await api.statusWith(bearerOf(reply))).to.equal(401);
      expect(await refreshed(reply)).to.equal(400);
      expect(await newest())
        .to.include({ active: false })
        .and.include.keys('end', 'start', 'exp');
      expect((await api.request('DELETE', '/Session', { as: { bearer: bearerOf(reply) } })).status).to.equal(401);
    });

    it('needs no policy: one may always close one’s own', async () => {
      const reply = await login('bob');
      expect(await api.statusWith(bearerOf(reply))).to.equal(403);
      const ended = await api.request('DELETE', '/Session', { as: { bearer: bearerOf(reply) } });
      expect(ended.status).to.equal(204);
    });

    it('ends no other Session', async () => {
      const [one, other] = [await login(), await login()];
      await api.request('DELETE', '/Session', { as: { bearer: bearerOf(one) } });
      expect(await api.statusWith(bearerOf(other))).to.equal(200);
    });

    it('without a good token: 401', async () => {
      for (const init of [{}, { as: { bearer: 'x' } }, { as: asRoot }]) {
        const reply = await api.request('DELETE', '/Session', init);
        expect(reply.status).to.equal(401);
        expect(reply.header('www-authenticate')).to.match(/^Bearer/);
      }
    });
  });

  describe('GET /Session', () => {
    it('is searched by client, user, type, active, start, end, exp, jti and ip', async () => {
      const reply = await login();
      const { id, start } = await newest();
      const queries = [
        'client=Client/app',
        'user=User/ann',
        'type=password',
        'active=true',
        `start=le${start}`,
        'exp=ge2026-01-01',
        `jti=${id}`,
        'ip=127.0.0.1',
        `_id=${id}`,
        'client=app&user=ann&type=password',
      ];
      for (const query of queries) {
        const found = await api.found(`/Session?${query}&_count=1000`);
        expect(
          found.map((each) => each['id']),
          query,
        ).to.include(id);
      }
      await api.request('DELETE', '/Session', { as: { bearer: bearerOf(reply) } });
      expect((await api.found(`/Session?end=ge${start}&_count=1000`)).map((each) => each['id'])).to.include(id);
      expect(await api.found(`/Session?_id=${id}&active=true`)).to.eql([]);
    });

    it('has an id that tells its time, so that new ones stand together in every index', async () => {
      await login();
      const { id, start } = await newest();
      // A UUID of version 7 (RFC 9562 §5.7): its first 48 bits are milliseconds.
      const made = Number.parseInt(String(id).replaceAll('-', '').slice(0, 12), 16);
      expect(Date.parse(String(start)) - made).to.be.within(0, 60_000);
    });

    it('is valid, whatever its client calls itself', async () => {
      for (const agent of ['', ' ', 'caf\u00e9 \u00a0', 'x'.repeat(5000)]) {
        const as = { basic: ['app', SECRET] } as const;
        const form = { grant_type: 'client_credentials', scope: 'system/*.read openid' };
        await api.granted(form, { as, headers: { 'user-agent': agent } });
      }
      await api.expectValid('/Session?_count=1000');
    });

    it('RFC 9700 §4.9.3: tokens in GET /Session: never a token, nor a part or a hash of one', async () => {
      const reply = await login();
      const { id } = await newest();
      const { createHash } = await import('node:crypto');
      const parts = [bearerOf(reply), reply.string('refresh_token')].flatMap((token) => [
        token,
        ...(['base64url', 'base64', 'hex'] as const).map((form) => createHash('sha256').update(token).digest(form)),
      ]);
      for (const path of [
        `/Session/${id}`,
        `/Session?_id=${id}`,
        `/Session/${id}/_history`,
        `/Session/${id}/_history/1`,
      ]) {
        const { text, status } = await api.request('GET', path, { as: asRoot });
        expect(status).to.equal(200);
        for (const part of parts) expect(text.includes(part), path).to.equal(false);
      }
    });

    it("someone else's Session listed or deleted: only by those whose policies say so", async () => {
      await login();
      const { id } = await newest();
      const bearer = bearerOf(await login('bob'));
      for (const [method, path] of [
        ['GET', '/Session'],
        ['GET', `/Session/${id}`],
        ['GET', `/Session/${id}/_history`],
        ['DELETE', `/Session/${id}`],
      ] as const) {
        expect((await api.request(method, path, { as: { bearer } })).status, `${method} ${path}`).to.equal(403);
      }
    });
  });

  describe('is closed by whoever may write it', () => {
    it('PUT with active: false, irreversibly', async () => {
      const reply = await login();
      const session = await newest();
      const path = `/Session/${String(session['id'])}`;
      const put = (json: object) => api.request('PUT', path, { as: asRoot, json });
      expect((await put({ ...session, active: false })).status).to.equal(200);
      expect(await api.statusWith(bearerOf(reply))).to.equal(401);
      expect(await refreshed(reply)).to.equal(400);
      const ended = await newest();
      expect(ended).to.include({ active: false }).and.include.keys('end');
      expect((await put({ ...ended, active: true })).status).to.equal(422);
      const { active: _, ...without } = ended;
      expect((await put(without)).status).to.equal(422);
      expect(await api.statusWith(bearerOf(reply))).to.equal(401);
    });

    it('DELETE /Session/{id} revokes too', async () => {
      const reply = await login();
      const { id } = await newest();
      expect((await api.request('DELETE', `/Session/${String(id)}`, { as: asRoot })).status).to.equal(204);
      expect(await api.statusWith(bearerOf(reply))).to.equal(401);
      expect(await refreshed(reply)).to.equal(400);
    });

    it('an id of a deleted Session used again gives nobody anything', async () => {
      const reply = await login();
      const session = await newest();
      const path = `/Session/${String(session['id'])}`;
      await api.request('DELETE', path, { as: asRoot });
      expect((await api.request('PUT', path, { as: asRoot, json: { ...session, active: true } })).status).to.equal(422);
      expect(await api.statusWith(bearerOf(reply))).to.equal(401);
    });
  });

  describe('forging a Session', () => {
    const forged = {
      type: 'password',
      active: true,
      client: { reference: 'Client/app' },
      user: { reference: 'User/ann' },
    };
    it('by PUT and POST is refused, even by those who may do everything', async () => {
      const made = await api.request('PUT', '/Session/mine', { as: asRoot, json: forged });
      const posted = await api.request('POST', '/Session', { as: asRoot, json: { ...forged, jti: 'x' } });
      expect([made.status, posted.status]).to.eql([422, 422]);
      expect((await api.request('GET', '/Session/mine', { as: asRoot })).status).to.equal(404);
    });

    const changes: [why: string, change: object][] = [
      ['user', { user: { reference: 'User/root' } }],
      ['client', { client: { reference: 'Client/root' } }],
      ['exp', { exp: '2099-01-01T00:00:00.000Z' }],
      ['refresh_token_exp', { refresh_token_exp: '2099-01-01T00:00:00.000Z' }],
      ['scope', { scope: ['system/*.cruds'] }],
      ['audience', { audience: ['https://other.example'] }],
      ['type', { type: 'client_credentials' }],
      ['jti', { jti: 'x' }],
      ['start', { start: '2020-01-01T00:00:00.000Z' }],
      ['end, so that it looks closed', { end: '2020-01-01T00:00:00.000Z' }],
      ['ip', { ip: '1.2.3.4' }],
    ];
    for (const [name, change] of changes) {
      it(`mass assignment of server-set fields: ${name}`, async () => {
        await login();
        const session = await newest();
        const path = `/Session/${String(session['id'])}`;
        const reply = await api.request('PUT', path, { as: asRoot, json: { ...session, ...change } });
        expect(reply.status, reply.text).to.equal(422);
        expect(await newest()).to.eql(session);
      });
    }
  });
});
