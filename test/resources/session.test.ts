/** A Session is made by the token endpoint; a caller may read it, find it, and switch it off for good. */
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { contentOf, type Resource } from './examples.ts';

describe('resources: Session', () => {
  let server: ClockedServer;
  let session: Resource;
  let path: string;
  let token: string;

  before(async () => {
    server = await startClockedServer();
    const json = { grant_types: ['client_credentials'], secret: 'app-secret' };
    await server.request('PUT', '/Client/app', { as: asRoot, json });
    await server.request('PUT', '/AccessPolicy/app', {
      as: asRoot,
      json: { engine: 'allow', link: [{ reference: 'Client/app' }] },
    });
  });
  after(() => server.stop());

  beforeEach(async () => {
    const as = { basic: ['app', 'app-secret'] } as const;
    server.pass(1);
    const granted = await server.request('POST', '/auth/token', { as, form: 'grant_type=client_credentials' });
    token = granted.string('access_token');
    const found = await call('GET', '/Session?client=Client/app&_sort=-_lastUpdated&_count=1');
    session = found.at('entry.0.resource') as Resource;
    path = `/Session/${session['id']}`;
  });

  const call = (method: string, at: string, json?: unknown) =>
    server.request(method, at, { as: asRoot, ...(json === undefined ? {} : { json }) });
  const works = async () => (await server.request('GET', '/Patient', { as: { bearer: token } })).status === 200;

  it('tells the grant, the client, the times and where it came from', async () => {
    const reply = await call('GET', path);
    expect(reply.status).to.equal(200);
    expect(reply.body).to.deep.equal(session);
    expect(contentOf(reply)).to.deep.include({ type: 'client_credentials', active: true, ip: '127.0.0.1' });
    expect(JSON.stringify(session['client'])).to.include('app');
    const [start, exp] = [session['start'], session['exp']].map((time) => Date.parse(String(time)));
    // Tokens expire at a whole second.
    expect(Number(exp) - Number(start)).to.be.within(3_599_000, 3_600_000);
  });

  for (const query of ['client=app', 'client=Client/app', 'type=client_credentials', 'active=true', 'ip=127.0.0.1']) {
    it(`is found by ${query}`, async () => {
      const ids = ((await call('GET', `/Session?${query}`)).list('entry') as { resource: Resource }[]).map(
        ({ resource }) => resource['id'],
      );
      expect(ids).to.include(session['id']);
    });
  }

  it('is found by its times and its jti', async () => {
    for (const query of [`start=${session['start']}`, `exp=${session['exp']}`, `jti=${session['jti']}`]) {
      const found = await call('GET', `/Session?${query.replaceAll('+', '%2B')}&_id=${session['id']}`);
      expect(found.list('entry'), query).to.have.length(1);
    }
    expect((await call('GET', `/Session?end:missing=true&_id=${session['id']}`)).list('entry')).to.have.length(1);
  });

  it('is switched off by a PUT: the token ends with it, the end is noted, and it cannot be undone', async () => {
    expect(await works()).to.equal(true);
    const closed = await call('PUT', path, { ...session, active: false });
    expect(closed.status, closed.text).to.equal(200);
    expect(await works()).to.equal(false);
    const ended = contentOf(await call('GET', path));
    expect(ended).to.include({ active: false });
    expect(Date.parse(String(ended['end']))).to.be.closeTo(server.now(), 5000);

    const again = await call('PUT', path, { ...session, ...ended, active: true });
    expect(again.status).to.equal(422);
    expect(again.at('issue.0')).to.deep.include({ code: 'business-rule', expression: ['Session.active'] });
    expect(await works()).to.equal(false);
  });

  it('DELETE of it ends the token', async () => {
    expect(await works()).to.equal(true);
    expect((await call('DELETE', path)).status).to.equal(204);
    expect(await works()).to.equal(false);
    expect((await call('GET', path)).status).to.equal(410);
    // Made again from its last version it would have no tokens, but it is not made at all.
    expect((await call('PUT', path, session)).status).to.equal(422);
    expect(await works()).to.equal(false);
  });

  for (const [element, value] of Object.entries({
    type: 'password',
    client: { reference: 'Client/root' },
    user: { reference: 'User/x' },
    start: '2000-01-01T00:00:00Z',
    end: '2100-01-01T00:00:00Z',
    exp: '2100-01-01T00:00:00Z',
    refresh_token_exp: '2100-01-01T00:00:00Z',
    jti: 'mine',
    audience: ['https://elsewhere.example'],
    scope: ['everything'],
    ip: '10.0.0.1',
    user_agent: 'none',
  })) {
    it(`mass assignment of server-set fields: ${element}`, async () => {
      const reply = await call('PUT', path, { ...session, [element]: value });
      expect(reply.status, reply.text).to.equal(422);
      expect(reply.at('issue.0')).to.deep.include({ code: 'business-rule', expression: [`Session.${element}`] });
      expect((await call('GET', path)).body).to.deep.equal(session);
    });
  }

  it('forging a Session by POST', async () => {
    const reply = await call('POST', '/Session', { ...contentOf(await call('GET', path)), active: true });
    expect([reply.status, reply.at('issue.0.code')]).to.deep.equal([422, 'business-rule']);
  });

  it('forging a Session by PUT', async () => {
    const reply = await call('PUT', '/Session/forged', { ...session, id: 'forged' });
    expect([reply.status, reply.at('issue.0.code')]).to.deep.equal([422, 'business-rule']);
    expect((await call('GET', '/Session/forged')).status).to.equal(404);
  });
});
