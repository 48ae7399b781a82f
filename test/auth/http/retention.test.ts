/** Sessions and AuditEvents are kept for a time, and then removed for good. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { startClockedServer } from '../../harness/in-process.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { asRoot } from '../../harness/server.ts';
import { until } from '../../server/poll.ts';
import { type Api, apiOf, startApi } from './api.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

describe('auth: retention', () => {
  let api: Api;
  before(async () => {
    api = await startApi({ SESSION_RETENTION: String(DAY), AUDIT_RETENTION: String(2 * DAY) });
    const app = { secret: 'app-secret', grant_types: ['client_credentials'] };
    await api.put('/Client/short', app);
    await api.put('/Client/long', {
      ...app,
      auth: { client_credentials: { refresh_token: true, refresh_token_expiration: 30 * DAY } },
    });
  });
  after(() => api.stop());

  const begin = async (client: string) => {
    const as = { basic: [client, 'app-secret'] } as const;
    const granted = await api.granted('grant_type=client_credentials', { as });
    const [session] = await api.found(`/Session?client=Client/${client}&_sort=-start&_count=1`);
    return { id: String(session?.['id']), token: granted.string('access_token'), refresh: granted.at('refresh_token') };
  };
  const status = async (path: string) => (await api.request('GET', path, { as: asRoot })).status;
  const gone = (id: string) => until(`Session/${id} is gone`, async () => (await status(`/Session/${id}`)) === 404);

  it('removes what was closed, deleted or has expired, with its versions, and nothing that is still good', async () => {
    const [closed, deleted, expired, kept] = [
      await begin('long'),
      await begin('long'),
      await begin('short'),
      await begin('long'),
    ];
    await api.request('DELETE', '/Session', { as: { bearer: closed.token } });
    await api.remove(`/Session/${deleted.id}`);
    api.pass(DAY - HOUR);
    const recent = await begin('long');
    await api.request('DELETE', '/Session', { as: { bearer: recent.token } });
    expect(await status(`/Session/${closed.id}`)).to.equal(200);
    expect(await status(`/Session/${deleted.id}`)).to.equal(410);
    api.pass(2 * HOUR);
    await gone(closed.id);
    await gone(deleted.id);
    // Its access token was good for an hour after the others ended.
    await until('a sweep of the expired', async () => {
      api.pass(HOUR / 6);
      return (await status(`/Session/${expired.id}`)) === 404;
    });
    for (const { id } of [closed, deleted, expired]) {
      expect(await status(`/Session/${id}/_history`)).to.equal(404);
      expect(await status(`/Session/${id}/_history/1`)).to.equal(404);
      expect(await api.found(`/Session?_id=${id}`)).to.eql([]);
    }
    const history = await api.request('GET', '/Session/_history?_count=1000', { as: asRoot });
    expect(history.text).not.to.include(closed.id).and.not.to.include(deleted.id);
    expect(await status(`/Session/${recent.id}`)).to.equal(200);
    const form = { grant_type: 'refresh_token', refresh_token: String(kept.refresh) };
    await api.granted(form, { as: { basic: ['long', 'app-secret'] } });
  });

  it('removes more than a batch at a time, and tells nobody that what had expired was revoked', async () => {
    const as = { basic: ['short', 'app-secret'] } as const;
    await Promise.all(Array.from({ length: 60 }, () => api.granted('grant_type=client_credentials', { as })));
    api.pass(DAY + 2 * HOUR);
    await until('all are gone', async () => (await api.found('/Session?client=Client/short')).length === 0);
    expect(await api.found('/AuditEvent?subtype=token-revoked&altid=Client/short')).to.eql([]);
  });

  it('skips Sessions that had expired when they were ended, however many', async () => {
    await api.put('/Client/ended', { secret: 'app-secret', grant_types: ['client_credentials'] });
    const as = { basic: ['ended', 'app-secret'] } as const;
    await Promise.all(Array.from({ length: 60 }, () => api.granted('grant_type=client_credentials', { as })));
    const expired = await begin('short');
    api.pass(DAY - HOUR);
    await api.put('/Client/ended', { secret: 'another-secret', grant_types: ['client_credentials'] });
    api.pass(6);
    const active = () => api.found('/Session?client=Client/ended&active=true');
    await until('all are ended', async () => (await active()).length === 0);
    await until('a sweep of the expired', async () => {
      api.pass(HOUR / 6);
      return (await status(`/Session/${expired.id}`)) === 404;
    });
    expect(await api.found('/Session?client=Client/ended&_count=1000')).to.have.length(60);
  });

  it("removes the server's own AuditEvents after theirs, and leaves those that others have sent", async () => {
    await begin('short');
    api.pass(11);
    await until('an event', async () => (await api.found('/AuditEvent?altid=Client/short')).length > 0);
    const [own] = await api.found('/AuditEvent?altid=Client/short&_sort=-date');
    const json = { ...own, id: undefined, source: { observer: { display: 'A device' } }, subtype: [{ code: 'seen' }] };
    const sent = await api.request('POST', '/AuditEvent', { as: asRoot, json });
    expect(sent.status).to.equal(201);
    const withdrawn = await api.request('POST', '/AuditEvent', { as: asRoot, json });
    await api.remove(`/AuditEvent/${withdrawn.string('id')}`);
    api.pass(2 * DAY + HOUR);
    await until('the event is gone', async () => (await status(`/AuditEvent/${own?.['id']}`)) === 404);
    expect(await status(`/AuditEvent/${sent.string('id')}`)).to.equal(200);
    expect(await status(`/AuditEvent/${withdrawn.string('id')}/_history/1`)).to.equal(200);
  });

  it('removes them soon after a start as well: a process that never runs for ten minutes does, too', async () => {
    const database = await preparedDatabase();
    const start = async (ahead: number) => {
      const env = { SESSION_RETENTION: String(DAY) };
      return apiOf(await startClockedServer(env, database, () => Date.now() + ahead * 1000), '');
    };
    const first = await start(0);
    await first.put('/Client/short', { secret: 'app-secret', grant_types: ['client_credentials'] });
    await first.granted('grant_type=client_credentials', { as: { basic: ['short', 'app-secret'] } });
    const [session] = await first.found('/Session?client=Client/short');
    await first.stop();
    const second = await start(DAY + 2 * HOUR);
    second.pass(31);
    const path = `/Session/${session?.['id']}`;
    await until('it is gone', async () => (await second.request('GET', path, { as: asRoot })).status === 404);
    await second.stop();
    await database.drop();
  });
});
