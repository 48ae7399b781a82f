/** What the server tells of itself as AuditEvents: tokens, logins, lockouts and denied requests. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { TestDatabase } from '../../harness/database.ts';
import { startClockedServer } from '../../harness/in-process.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { asRoot, ROOT } from '../../harness/server.ts';
import { until } from '../../server/poll.ts';
import { type Api, apiOf } from './api.ts';

const asApp = { basic: ['app', 'app-secret'] } as const;
const PASSWORD = 'correct-horse-battery';
const FORM = 'application/x-www-form-urlencoded';
const KIND = 'urn:ward:audit-event';

type Event = {
  id: string;
  type: { code: string };
  subtype: { system: string; code: string }[];
  outcome: string;
  outcomeDesc?: string;
  agent: { altId?: string; requestor: boolean; network?: { address: string } }[];
  entity?: { what?: { reference: string }; name?: string; detail?: { valueString: string }[] }[];
};

describe('auth: audit', () => {
  let database: TestDatabase;
  let api: Omit<Api, 'issuer'>;
  const start = async (env = {}) => {
    const server = await startClockedServer({ SIGNING_ALG: 'ES256', TRUSTED_PROXIES: '127.0.0.1', ...env }, database);
    return apiOf(server, '');
  };
  before(async () => {
    database = await preparedDatabase();
    api = await start();
    await api.put('/Client/app', {
      secret: 'app-secret',
      grant_types: ['client_credentials', 'password'],
      auth: { password: { refresh_token: true } },
    });
    await api.put('/User/ann', { userName: 'ann@example.org', password: PASSWORD });
  });
  after(async () => {
    await api.stop();
    await database.drop();
  });

  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
  /** The events of a kind from an address, once one of them is there. */
  const events = async (kind: string, address?: string): Promise<Event[]> => {
    api.pass(11);
    const narrowed = address === undefined ? '' : `&address=${address}`;
    const query = `/AuditEvent?subtype=${KIND}|${kind}&_count=1000${narrowed}`;
    let found: unknown[] = [];
    await until(`an event ${kind}`, async () => {
      found = await api.found(query);
      return found.length > 0;
    });
    return found as Event[];
  };
  const one = async (kind: string, address?: string): Promise<Event> => {
    const found = await events(kind, address);
    expect(found, JSON.stringify(found)).to.have.length(1);
    return found[0] as Event;
  };
  /** How often it happened, by each event, once all of it is told. */
  const counts = async (kind: string, address: string | undefined, sum: number): Promise<number[]> => {
    let told: number[] = [];
    const isAllTold = async () => {
      const found = await events(kind, address);
      told = found.map(({ entity }) => Number(entity?.[0]?.detail?.[0]?.valueString ?? 1));
      return told.reduce((one, other) => one + other) === sum;
    };
    await until(`${sum} times ${kind}`, isAllTold);
    return told;
  };
  const login = (password: string, address: string, username = 'ann@example.org') =>
    api.token({ grant_type: 'password', username, password }, { as: asApp, ...from(address) });

  it('a token that was issued', async () => {
    await api.granted('grant_type=client_credentials', { as: asApp, ...from('10.1.0.1') });
    const event = await one('token-issued', '10.1.0.1');
    expect(event).to.include({ outcome: '0' }).and.to.deep.include({ action: 'E' });
    expect(event.type.code).to.equal('110114');
    expect(event.agent).to.eql([{ altId: 'Client/app', requestor: true, network: { address: '10.1.0.1', type: '2' } }]);
    const [session] = await api.found('/Session?client=Client/app&ip=10.1.0.1');
    expect(event.entity).to.eql([{ what: { reference: `Session/${session?.['id']}` }, name: 'client_credentials' }]);
    expect(await api.found(`/AuditEvent?entity=Session/${session?.['id']}&altid=Client/app&outcome=0`)).to.have.length(
      1,
    );
  });

  it('a login, and one that failed', async () => {
    expect((await login(PASSWORD, '10.1.0.2')).status).to.equal(200);
    expect((await login('wrong', '10.1.0.3')).status).to.equal(400);
    const [good, bad] = [await one('login', '10.1.0.2'), await one('login', '10.1.0.3')];
    expect([good.outcome, bad.outcome]).to.eql(['0', '4']);
    expect(good.subtype.map(({ code }) => code)).to.include('110122');
    for (const { agent } of [good, bad]) expect(agent.map(({ altId }) => altId)).to.eql(['User/ann', 'Client/app']);
    const refused = await one('token-refused', '10.1.0.3');
    expect(refused).to.include({ outcome: '4', outcomeDesc: 'invalid_grant' });
    expect(refused.agent.map(({ altId }) => altId)).to.eql(['User/ann', 'Client/app']);
  });

  it('each login of one account is an event of its own', async () => {
    for (let at = 0; at < 3; at += 1) expect((await login(PASSWORD, '10.1.0.22')).status).to.equal(200);
    expect(await counts('login', '10.1.0.22', 3)).to.eql([1, 1, 1]);
    expect(await counts('token-issued', '10.1.0.22', 3)).to.eql([1, 1, 1]);
  });

  it('a token that was refused to a Client, named where there is such a Client', async () => {
    await api.token('grant_type=client_credentials', { as: { basic: ['app', 'wrong'] }, ...from('10.1.0.4') });
    const event = await one('token-refused', '10.1.0.4');
    expect(event).to.include({ outcomeDesc: 'invalid_client' });
    expect(event.agent[0]?.altId).to.equal('Client/app');
  });

  it('a token that was refused before anything was read of the request', async () => {
    const unreadable = [
      ['10.1.0.40', 'unsupported_media_type', { 'content-type': 'text/csv' }, 'grant_type=password'],
      ['10.1.0.41', 'invalid_request', { 'content-type': 'application/json' }, '{"grant_type":'],
      ['10.1.0.42', 'invalid_request', { 'content-encoding': 'gzip', 'content-type': FORM }, 'grant_type=password'],
    ] as const;
    for (const [address, outcomeDesc, headers, body] of unreadable) {
      await api.request('POST', '/auth/token', { as: asApp, headers: { ...headers, ...from(address).headers }, body });
      const event = await one('token-refused', address);
      expect(event).to.include({ outcome: '4', outcomeDesc });
      expect(event.agent[0]?.altId).to.equal('Client/app');
    }
  });

  it('a Session that was revoked, and nothing of one that was over', async () => {
    const granted = await login(PASSWORD, '10.1.0.5');
    const [session] = await api.found('/Session?ip=10.1.0.5');
    await api.request('DELETE', '/Session', { as: { bearer: granted.string('access_token') } });
    await api.request('DELETE', `/Session/${session?.['id']}`, { as: asRoot });
    await events('token-revoked');
    const found = (await api.found(`/AuditEvent?entity=Session/${session?.['id']}&subtype=110123`)) as Event[];
    expect(found).to.have.length(1);
    expect(found[0]?.agent.map(({ altId }) => altId)).to.eql(['User/ann', 'Client/app']);
  });

  it('denied requests: of the anonymous, of a bad token, of a caller without a policy, and in a Bundle', async () => {
    await api.put('/Patient/p1', {});
    await api.request('GET', '/Patient/p1?name=secret-name', from('10.1.0.6'));
    const anonymous = await one('denied', '10.1.0.6');
    expect(anonymous).to.include({ outcome: '4', outcomeDesc: 'unauthenticated' });
    expect(anonymous.type.code).to.equal('110113');
    expect(anonymous.entity).to.eql([{ what: { reference: 'Patient/p1' }, name: 'GET Patient' }]);

    await api.request('GET', '/Patient', { as: { bearer: 'x'.repeat(43) }, ...from('10.1.0.7') });
    expect((await one('denied', '10.1.0.7')).outcomeDesc).to.equal('unauthenticated');

    const bearer = (await api.granted('grant_type=client_credentials', { as: asApp })).string('access_token');
    await api.request('PUT', '/Client/app', { as: { bearer }, json: { secret: 'mine-now' }, ...from('10.1.0.8') });
    const forbidden = await one('denied', '10.1.0.8');
    expect(forbidden.outcomeDesc).to.equal('forbidden');
    expect(forbidden.agent[0]).to.include({ altId: 'Client/app', requestor: true });

    const entry = [{ request: { method: 'DELETE', url: 'Patient/p2' } }];
    const json = { resourceType: 'Bundle', type: 'batch', entry };
    expect((await api.request('POST', '/', { as: { bearer }, json, ...from('10.1.0.9') })).status).to.equal(200);
    expect((await one('denied', '10.1.0.9')).entity?.[0]).to.include({ name: 'DELETE Patient' });
  });

  it('a lockout', async () => {
    for (let attempt = 0; attempt < 11; attempt += 1) await login(`wrong-${attempt}`, '10.1.0.10');
    const event = await one('locked-out', '10.1.0.10');
    expect(event).to.include({ outcome: '8', outcomeDesc: 'too_many_requests' });
    expect(event.agent[0]?.altId).to.equal('User/ann');
    const refused = await one('token-refused', '10.1.0.10');
    expect(refused.entity?.[0]?.detail?.[0]?.valueString).to.equal('10');
  });

  it('a flood of equal denials is one event with a count, whatever each asks for', async () => {
    // Of Patients that exist: an event leaves out what does not.
    const asked = Array.from({ length: 40 }, (_, at) => `/Patient/flood-${at % 5}`);
    for (const path of asked.slice(0, 5)) await api.put(path, { active: true });
    await Promise.all(asked.map((path) => api.request('GET', path, from('10.1.0.11'))));
    const told = await counts('denied', '10.1.0.11', 40);
    // Two where they were written while the flood came.
    expect(told.length).to.be.at.most(2);
  });

  it('a flood of different denials fills neither memory nor disk: what is too much is counted', async () => {
    // Right after a flush, so that the next one comes after the flood.
    await api.request('GET', '/Patient', from('10.1.0.16'));
    await one('denied', '10.1.0.16');
    const addresses = Array.from({ length: 600 }, (_, at) => `10.2.${Math.floor(at / 200)}.${at % 200}`);
    for (let start = 0; start < 600; start += 50) {
      const some = addresses.slice(start, start + 50);
      await Promise.all(some.map((address) => api.request('GET', '/Patient', from(address))));
    }
    expect((await counts('denied', '10.2.', 500)).length).to.equal(500);
    await counts('overflow', undefined, 100);
  });

  it('a flood of names that are nobody’s is as one of equal denials', async () => {
    await api.request('GET', '/Patient', from('10.1.0.17'));
    await one('denied', '10.1.0.17');
    const clients = ['app', ...Array.from({ length: 119 }, (_, at) => `nobody-${at}`)];
    for (const id of clients) await api.token({ grant_type: 'client_credentials', client_id: id }, from('10.1.0.17'));
    const told = await counts('token-refused', '10.1.0.17', clients.length);
    expect(told.length).to.be.within(2, 9);
    expect(JSON.stringify(await events('token-refused', '10.1.0.17')))
      .to.include('Client/app')
      .and.not.include('nobody');
  });

  it('are valid resources, all of them', async () => {
    const found = await api.found('/AuditEvent?_count=1000');
    const kinds = new Set((found as Event[]).map(({ subtype }) => subtype[0]?.code));
    expect(kinds.size).to.equal(7);
    for (const kind of kinds) {
      const json = (found as Event[]).find(({ subtype }) => subtype[0]?.code === kind);
      const reply = await api.request('POST', '/AuditEvent/$validate', { as: asRoot, json });
      expect(reply.string('issue.0.diagnostics')).to.equal('The resource is valid.');
    }
  });

  it('the server tells nothing that a caller has forged, and lets nobody change what it told', async () => {
    await api.granted('grant_type=client_credentials', { as: asApp, ...from('10.1.0.24') });
    const own = await one('token-issued', '10.1.0.24');
    const at = `/AuditEvent/${own.id}`;
    const changed = { ...own, outcome: '0', outcomeDesc: 'all is well' };
    const headers = { 'content-type': 'application/merge-patch+json' };
    const writes = [
      await api.request('PUT', at, { as: asRoot, json: changed }),
      await api.request('PUT', at, { as: asRoot, json: { ...changed, source: { observer: { display: 'Somebody' } } } }),
      await api.request('PATCH', at, { as: asRoot, body: '{"outcome":"12"}', headers }),
      await api.request('DELETE', at, { as: asRoot }),
      await api.request('POST', '/AuditEvent', { as: asRoot, json: changed }),
      await api.request('PUT', '/AuditEvent/forged', { as: asRoot, json: { ...changed, id: 'forged' } }),
    ];
    expect(writes.map(({ status }) => status)).to.eql(Array(writes.length).fill(422));
    expect((await api.request('GET', at, { as: asRoot })).body).to.eql(own);
    const theirs = { ...changed, id: undefined, subtype: undefined, source: { observer: { display: 'A device' } } };
    const made = await api.request('POST', '/AuditEvent', { as: asRoot, json: theirs });
    expect(made.status).to.equal(201);
    expect((await api.request('DELETE', `/AuditEvent/${made.string('id')}`, { as: asRoot })).status).to.equal(204);
  });

  it('a forged event has no code by which those of the server are found', async () => {
    await api.granted('grant_type=client_credentials', { as: asApp, ...from('10.1.0.25') });
    const own = await one('token-issued', '10.1.0.25');
    const forged = (more: object) => ({ ...own, id: undefined, source: { observer: { display: 'Ward' } }, ...more });
    for (const more of [{}, { subtype: undefined, type: { system: KIND, code: 'denied' } }]) {
      const reply = await api.request('POST', '/AuditEvent', { as: asRoot, json: forged(more) });
      expect([reply.status, reply.at('issue.0.expression.0')]).to.eql([422, 'AuditEvent.subtype']);
    }
    const theirs = await api.request('POST', '/AuditEvent', { as: asRoot, json: forged({ subtype: undefined }) });
    const at = `/AuditEvent/${theirs.string('id')}`;
    const headers = { 'content-type': 'application/merge-patch+json' };
    const json = { subtype: [{ system: KIND, code: 'denied' }] };
    expect((await api.request('PATCH', at, { as: asRoot, json, headers })).status).to.equal(422);
    await api.remove(at);
  });

  it('secrets and tokens are in no event, and nowhere in the database', async () => {
    const mistyped = 'password-in-the-wrong-field';
    await login('x', '10.1.0.12', mistyped);
    await api.token({ grant_type: 'client_credentials', client_id: mistyped, client_secret: 'guess-of-a-secret' });
    const granted = await login(PASSWORD, '10.1.0.13');
    const tokens = [granted.string('access_token'), granted.string('refresh_token')];
    await api.request('GET', `/Patient/${tokens[0]}?token=${tokens[0]}`, from('10.1.0.13'));
    await api.request('GET', '/Patient/no-underline-43-letters-as-a-token-may-have', from('10.1.0.13'));
    await api.request('GET', `/${tokens[1]}`, from('10.1.0.13'));
    await api.token({ grant_type: 'refresh_token', refresh_token: `${tokens[1]}`, client_id: 'nobody' });
    await events('denied', '10.1.0.13');
    const texts = [JSON.stringify(await api.found('/AuditEvent?_count=1000'))];
    if (database.url.startsWith('sqlite:')) {
      const path = database.url.slice('sqlite:'.length);
      for (const suffix of ['', '-wal']) texts.push(readFileSync(path + suffix, 'latin1'));
    }
    for (const secret of [
      ...tokens,
      PASSWORD,
      mistyped,
      'guess-of-a-secret',
      'app-secret',
      ROOT.secret,
      'secret-name',
      '-as-a-token-',
    ]) {
      for (const text of texts) expect(text.includes(secret), secret).to.equal(false);
    }
  });

  it('are written when the server stops, and none are made where they are kept for no time', async () => {
    await api.request('GET', '/Patient', from('10.1.0.14'));
    await api.stop();
    api = await start({ AUDIT_RETENTION: '0' });
    expect(await api.found('/AuditEvent?subtype=denied&address=10.1.0.14')).to.have.length(1);
    await api.request('GET', '/Patient', from('10.1.0.15'));
    await api.stop();
    api = await start();
    expect(await api.found('/AuditEvent?subtype=denied&address=10.1.0.15')).to.have.length(0);
  });
});
