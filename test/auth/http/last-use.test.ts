/** When and from where a Session was last used: written in batches, and never over its end. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { executeBeside } from '../../harness/beside.ts';
import { DATABASE_KIND } from '../../harness/database.ts';
import { startClockedServer } from '../../harness/in-process.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { asRoot } from '../../harness/server.ts';
import { until } from '../../server/poll.ts';
import { type Api, apiOf, startApi } from './api.ts';

const asking = 'grant_type=client_credentials';
const asApp = { basic: ['app', 'app-secret'] } as const;
const prepare = async (api: Api | Omit<Api, 'issuer'>) => {
  await api.put('/Client/app', {
    secret: 'app-secret',
    grant_types: ['client_credentials'],
    auth: { client_credentials: { refresh_token: true } },
  });
  await api.put('/AccessPolicy/app', { engine: 'allow', link: [{ reference: 'Client/app' }] });
};

describe('auth: the last use of a Session', () => {
  let api: Api;
  before(async () => {
    api = await startApi({ TRUSTED_PROXIES: '127.0.0.1' });
    await prepare(api);
  });
  after(() => api.stop());

  const begin = async () => {
    const granted = await api.granted('grant_type=client_credentials', { as: asApp });
    const [session] = await api.found('/Session?client=Client/app&_sort=-start&_count=1');
    return {
      token: granted.string('access_token'),
      refresh: granted.string('refresh_token'),
      id: `${session?.['id']}`,
    };
  };
  const use = async (bearer: string, agent: string, address = '10.0.0.9') => {
    const headers = { 'user-agent': agent, 'x-forwarded-for': address };
    expect((await api.request('GET', '/Patient?_count=0', { as: { bearer }, headers })).status).to.equal(200);
  };
  const session = async (id: string) => (await api.request('GET', `/Session/${id}`, { as: asRoot })).body as Session;
  const written = async (id: string, agent: string) => {
    await until('the last use', async () => (await session(id)).last_user_agent === agent);
    return session(id);
  };

  it('is its start at first, and is written within a minute or so of a request, with address and agent', async () => {
    const { token, id } = await begin();
    const first = await session(id);
    expect(first.last_used).to.equal(first.start);
    api.pass(5);
    await use(token, 'browser/1');
    const used = api.now();
    api.pass(60);
    const after = await written(id, 'browser/1');
    expect(after.last_ip).to.equal('10.0.0.9');
    expect(Date.parse(after.last_used)).to.be.within(used - 1000, used);
    expect(after.ip).to.equal('127.0.0.1');
    const query = `/Session?_id=${id}&last-used=gt${first.start}`;
    expect(await api.found(query)).to.have.length(1);
    expect(await api.found(`/Session?_id=${id}&last-used=${first.start}`)).to.have.length(0);
  });

  it('makes no history: many uses later there is one version, of another ETag', async () => {
    const { token, id } = await begin();
    const before = await api.request('GET', `/Session/${id}`, { as: asRoot });
    for (const agent of ['a', 'b', 'c']) {
      await use(token, agent);
      api.pass(61);
      await written(id, agent);
    }
    const history = await api.request('GET', `/Session/${id}/_history`, { as: asRoot });
    expect(history.list('entry')).to.have.length(1);
    const headers = { 'if-none-match': String(before.headers.etag) };
    expect((await api.request('GET', `/Session/${id}`, { as: asRoot, headers })).status).to.equal(200);
    expect((await api.request('DELETE', `/Session/${id}`, { as: asRoot })).status).to.equal(204);
    const ended = await api.request('GET', `/Session/${id}/_history`, { as: asRoot });
    expect(ended.list('entry').map((entry) => (entry as Entry).request.method)).to.eql(['DELETE', 'PUT']);
  });

  it('a last use never brings a Session back that ended meanwhile', async () => {
    const [closed, deleted, marker] = [await begin(), await begin(), await begin()];
    for (const { token } of [closed, deleted, marker]) await use(token, 'late');
    await api.request('DELETE', '/Session', { as: { bearer: closed.token } });
    await api.remove(`/Session/${deleted.id}`);
    const ended = await session(closed.id);
    // All three are of one flush, whose job is whole when the marker has changed.
    api.pass(61);
    await written(marker.id, 'late');
    expect(await session(closed.id))
      .to.eql(ended)
      .and.to.include({ active: false });
    expect((await api.request('GET', `/Session/${deleted.id}`, { as: asRoot })).status).to.equal(410);
    expect(await api.statusWith(closed.token)).to.equal(401);
  });

  it('is written with a refresh at once', async () => {
    const { refresh, id } = await begin();
    api.pass(7);
    const headers = { 'user-agent': 'refresher' };
    await api.granted({ grant_type: 'refresh_token', refresh_token: refresh }, { as: asApp, headers });
    const { last_used, last_user_agent, start } = await session(id);
    expect(last_user_agent).to.equal('refresher');
    expect(Date.parse(last_used) - Date.parse(start)).to.be.at.least(7000);
  });

  it('is not lost when the server stops', async () => {
    const database = await preparedDatabase();
    const first = apiOf(await startClockedServer({ SIGNING_ALG: 'ES256' }, database), '');
    await prepare(first);
    const token = (await first.granted('grant_type=client_credentials', { as: asApp })).string('access_token');
    const headers = { 'user-agent': 'the-last-one' };
    await first.request('GET', '/Patient', { as: { bearer: token }, headers });
    await first.stop();
    const next = apiOf(await startClockedServer({ SIGNING_ALG: 'ES256' }, database), '');
    const [kept] = await next.found('/Session?client=Client/app');
    expect(kept).to.include({ last_user_agent: 'the-last-one' });
    await next.stop();
    await database.drop();
  });

  it('is kept where it could not be written, and is written with the next ones', async () => {
    const database = await preparedDatabase();
    const api = apiOf(await startClockedServer({}, database), '');
    await prepare(api);
    const tokens: string[] = [];
    // More than one job takes.
    for (let at = 0; at < 51; at += 1) tokens.push((await api.granted(asking, { as: asApp })).string('access_token'));
    const headers = { 'user-agent': 'kept' };
    for (const bearer of tokens) await api.request('GET', '/Patient?_count=0', { as: { bearer }, headers });
    const unwritten = async () => {
      const sessions = await api.found('/Session?client=Client/app&_count=100&_elements=last_user_agent');
      return sessions.filter((session) => session['last_user_agent'] !== 'kept').length;
    };
    const allow = await refuseUse(database.url);
    api.pass(61);
    // The write waits behind the first job, which fails, and behind whatever would come after it.
    await new Promise((resolve) => setTimeout(resolve, 200));
    await api.put('/Patient/behind', {});
    expect(await unwritten(), 'while it cannot be written').to.equal(51);
    await allow();
    api.pass(61);
    await until('all are written', async () => (await unwritten()) === 0);
    await api.stop();
    await database.drop();
  });
});

/** Has the database refuse whatever tells of a use, until what is given is called. */
async function refuseUse(url: string): Promise<() => Promise<void>> {
  const when = "CREATE TRIGGER refuse BEFORE UPDATE ON resource FOR EACH ROW WHEN (NEW.type = 'Session')";
  if (DATABASE_KIND === 'sqlite') {
    await executeBeside(url, `${when} BEGIN SELECT RAISE(ABORT, 'no'); END`);
    return () => executeBeside(url, 'DROP TRIGGER refuse');
  }
  const refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$";
  await executeBeside(url, `${refuse}; ${when} EXECUTE FUNCTION refuse()`);
  return () => executeBeside(url, 'DROP TRIGGER refuse ON resource');
}

type Session = Record<'start' | 'last_used' | 'last_ip' | 'last_user_agent' | 'ip', string>;
type Entry = { request: { method: string } };
