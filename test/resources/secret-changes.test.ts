/** What a write does to a stored secret: kept, removed, replaced, and what ends with it. */
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const CLIENT = {
  grant_types: ['basic', 'client_credentials', 'password'],
  auth: { password: { secret_required: false } },
};

describe('resources: changes of a secret', () => {
  let server: ClockedServer;
  let count = 0;
  let id: string;
  before(async () => {
    server = await startClockedServer();
    await put('/AccessPolicy/everyone', { engine: 'allow' });
    await put('/Client/login', { ...CLIENT, grant_types: ['password'] });
  });
  after(() => server.stop());

  const put = (path: string, json: unknown) => server.request('PUT', path, { as: asRoot, json });
  /** The same for a Client's secret and a User's password. */
  const KINDS = {
    Client: {
      body: (secret?: unknown) => ({ ...CLIENT, ...(secret === undefined ? {} : { secret }) }),
      token: (secret: string) =>
        server.request('POST', '/auth/token', { as: { basic: [id, secret] }, form: 'grant_type=client_credentials' }),
    },
    User: {
      body: (password?: unknown) => ({ data: { a: 1 }, ...(password === undefined ? {} : { password }) }),
      token: (password: string) => {
        const form = { grant_type: 'password', client_id: 'login', username: id, password };
        return server.request('POST', '/auth/token', { form });
      },
    },
  };

  for (const [type, { body, token }] of Object.entries(KINDS)) {
    describe(type, () => {
      let path: string;
      let bearer: string;
      const version = async () => (await server.request('GET', path, { as: asRoot })).header('etag');
      const lives = async () => (await server.request('GET', '/Patient', { as: { bearer } })).status === 200;
      const open = async () => {
        const found = await server.request('GET', `/Session?${type.toLowerCase()}=${id}&active=true`, { as: asRoot });
        return found.list('entry').length;
      };

      beforeEach(async () => {
        count += 1;
        id = `s${count}`;
        path = `/${type}/${id}`;
        expect((await put(path, body('first-secret'))).status).to.equal(201);
        bearer = (await token('first-secret')).string('access_token');
        expect([await lives(), await open()]).to.deep.equal([true, 1]);
      });

      it('a PUT without it keeps it', async () => {
        expect((await put(path, { ...body(), meta: { tag: [{ code: 'x' }] } })).header('etag')).to.equal('W/"2"');
        expect((await token('first-secret')).status).to.equal(200);
        expect(await lives()).to.equal(true);
      });

      it('the same value makes no version, and ends nothing', async () => {
        expect((await put(path, body('first-secret'))).header('etag')).to.equal('W/"1"');
        expect([await version(), await lives(), await open()]).to.deep.equal(['W/"1"', true, 1]);
      });

      it('another makes a version that reads the same, and ends the Sessions', async () => {
        const next = await put(path, body('second-secret'));
        expect([next.status, next.header('etag')]).to.deep.equal([200, 'W/"2"']);
        expect([await lives(), await open()]).to.deep.equal([false, 0]);
        expect((await token('first-secret')).status).to.be.within(400, 401);
        expect((await token('second-secret')).status).to.equal(200);
      });

      it('null removes it, makes a version and ends the Sessions; again is no change', async () => {
        expect((await put(path, body(null))).header('etag')).to.equal('W/"2"');
        expect([await lives(), await open()]).to.deep.equal([false, 0]);
        for (const secret of ['first-secret', 'null', '']) {
          expect((await token(secret)).status, secret).to.be.within(400, 401);
        }
        expect((await put(path, body(null))).header('etag')).to.equal('W/"2"');
        expect((await put(path, body('first-secret'))).header('etag')).to.equal('W/"3"');
        expect((await token('first-secret')).status).to.equal(200);
      });

      it('null in a merge patch removes it, by itself and in a Bundle, and ends the Sessions', async () => {
        const patch = JSON.stringify({ [type === 'User' ? 'password' : 'secret']: null });
        const headers = { 'content-type': 'application/merge-patch+json' };
        const reply = await server.request('PATCH', path, { as: asRoot, headers, body: patch });
        expect([reply.status, reply.header('etag')], reply.text).to.deep.equal([200, 'W/"2"']);
        expect([await lives(), await open()]).to.deep.equal([false, 0]);
        expect((await token('first-secret')).status).to.be.within(400, 401);
        const again = await server.request('PATCH', path, { as: asRoot, headers, body: patch });
        expect(again.header('etag')).to.equal('W/"2"');
        await put(path, body('first-secret'));
        const entry = { request: { method: 'PATCH', url: path.slice(1) }, resource: JSON.parse(patch) };
        const json = { resourceType: 'Bundle', type: 'transaction', entry: [entry] };
        expect((await server.request('POST', '/', { as: asRoot, json })).status).to.equal(200);
        expect((await token('first-secret')).status).to.be.within(400, 401);
      });

      it('a refused write leaves it, and the Sessions', async () => {
        expect((await put(path, { ...body('second-secret'), nonsense: 1 })).status).to.equal(422);
        const options = { as: asRoot, json: body('second-secret'), headers: { 'if-match': 'W/"9"' } };
        expect((await server.request('PUT', path, options)).status).to.equal(412);
        expect((await token('second-secret')).status).to.be.within(400, 401);
        expect([await lives(), await version()]).to.deep.equal([true, 'W/"1"']);
      });

      it('re-used id: a deleted one ends its Sessions, and made again it starts bare', async () => {
        await server.request('DELETE', path, { as: asRoot });
        expect([await lives(), await open()]).to.deep.equal([false, 0]);
        expect((await token('first-secret')).status).to.be.within(400, 401);
        expect((await put(path, body())).status).to.equal(201);
        expect((await token('first-secret')).status).to.be.within(400, 401);
        expect(await lives()).to.equal(false);
      });

      it('an empty one is refused', async () => {
        expect((await put(path, body(''))).status).to.equal(422);
        expect((await token('')).status).to.be.within(400, 401);
      });
    });
  }

  it('a verified secret is not remembered past its change', async () => {
    await put('/Client/memory', { ...CLIENT, secret: 'old-secret' });
    const ask = (secret: string) => server.request('GET', '/Patient', { as: { basic: ['memory', secret] } });
    expect((await ask('old-secret')).status).to.equal(200);
    await put('/Client/memory', { ...CLIENT, secret: 'new-secret' });
    expect((await ask('old-secret')).status).to.equal(401);
    expect((await ask('new-secret')).status).to.equal(200);
    await server.request('DELETE', '/Client/memory', { as: asRoot });
    expect((await ask('new-secret')).status).to.equal(401);
  });
});
