/** `transaction` Bundles: all or nothing, in FHIR's order, with links resolved (FHIR R4 §3.1.0.11.2). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { binary, entry, issue, send, statuses } from './bundles.ts';

const patient = (family: string, more: object = {}) => ({ resourceType: 'Patient', name: [{ family }], ...more });

describe('interactions: transaction', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  const call = (method: string, path: string, json?: object) =>
    server.request(method, path, { as: asRoot, ...(json === undefined ? {} : { json }) });
  const make = async (path: string, json: object) => {
    const reply = await call('PUT', path, json);
    expect(reply.status, reply.text).to.equal(201);
  };
  const count = async (query: string) => (await call('GET', `/Patient?${query}&_summary=count`)).at('total');
  const transact = (entries: unknown[], options = {}) => send(server, 'transaction', entries, options);

  it('does every kind of request and answers in the order they came', async () => {
    await make('/Patient/kinds-d', patient('gone'));
    await make('/Patient/kinds-p', patient('before'));
    await make('/Patient/kinds-m', patient('before'));
    const reply = await transact([
      entry('GET Patient/kinds-u'),
      entry('PATCH Patient/kinds-p', binary([{ op: 'replace', path: '/name/0/family', value: 'patched' }])),
      entry('PATCH Patient/kinds-m', binary({ gender: 'other' }, 'application/merge-patch+json')),
      entry('PUT Patient/kinds-u', patient('put')),
      entry('POST Patient', patient('posted')),
      entry('DELETE Patient/kinds-d'),
      entry('GET Patient?family=patched'),
      entry('HEAD Patient/kinds-u'),
    ]);
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.at('type')).to.equal('transaction-response');
    expect(statuses(reply)).to.deep.equal(['200', '200', '200', '201', '201', '204', '200', '200']);
    expect(reply.at('entry.0.resource.name.0.family')).to.equal('put');
    expect(reply.at('entry.2.resource.gender')).to.equal('other');
    expect(reply.at('entry.6.resource.total')).to.equal(1);
    expect(reply.at('entry.7.resource')).to.equal(undefined);
    const id = reply.string('entry.4.resource.id');
    const base = reply.string('entry.4.fullUrl').replace(`/Patient/${id}`, '');
    expect(reply.at('entry.4.response')).to.deep.equal({
      status: '201',
      location: `${base}/Patient/${id}/_history/1`,
      etag: 'W/"1"',
      lastModified: reply.at('entry.4.resource.meta.lastUpdated'),
    });
    expect((await call('GET', '/Patient/kinds-d')).status).to.equal(410);
    expect((await call('GET', `/Patient/${id}`)).body).to.deep.equal(reply.at('entry.4.resource'));
  });

  it('stands under /fhir, with links of that base', async () => {
    const reply = await transact([entry('POST Patient', patient('twin'))], { path: '/fhir' });
    expect(reply.string('entry.0.response.location')).to.match(/\/fhir\/Patient\//);
  });

  it('an empty Bundle is done', async () => {
    const reply = await server.request('POST', '/', {
      as: asRoot,
      json: { resourceType: 'Bundle', type: 'transaction' },
    });
    expect([reply.status, reply.at('entry')]).to.deep.equal([200, undefined]);
  });

  it('every issue of every body is told, at its place', async () => {
    const reply = await transact([
      entry('POST Patient', patient('fine')),
      entry('POST Patient', { resourceType: 'Patient', gender: 'unknowable' }),
      entry('PUT Patient/bad', { resourceType: 'Patient', birthDate: '2020-13-01', name: [{ given: [7] }] }),
    ]);
    expect(reply.status).to.equal(422);
    const places = (reply.list('issue') as { expression: string[] }[]).map(({ expression }) => expression[0]);
    expect(places).to.have.members([
      'Bundle.entry[1].resource.gender',
      'Bundle.entry[2].resource.birthDate',
      'Bundle.entry[2].resource.name[0].given[0]',
    ]);
    expect(await count('family:exact=fine')).to.equal(0);
  });

  it('GETs see what the transaction wrote, and a failing one undoes it', async () => {
    const fine = await transact([entry('GET Patient/seen/_history'), entry('PUT Patient/seen', patient('seen'))]);
    expect(fine.at('entry.0.resource.total')).to.equal(1);
    const failing = await transact([entry('GET Patient/none'), entry('PUT Patient/unseen', patient('unseen'))]);
    expect([failing.status, issue(failing)]).to.deep.equal([404, 'not-found Bundle.entry[0]']);
    expect((await call('GET', '/Patient/unseen')).status).to.equal(404);
  });

  it('deletes before it makes: a name that an entry frees is free for another', async () => {
    await call('PUT', '/User/first', { userName: 'the-name' });
    const reply = await transact([
      entry('PUT User/second', { resourceType: 'User', userName: 'the-name' }),
      entry('DELETE User/first'),
    ]);
    expect(statuses(reply), reply.text).to.deep.equal(['201', '204']);
  });

  for (const [prefer, has] of [
    ['return=minimal', [false, false]],
    ['return=OperationOutcome', [false, true]],
    ['return=representation', [true, false]],
    ['', [true, false]],
  ] as const) {
    it(`Prefer: ${prefer || 'none'}`, async () => {
      const entries = [entry('POST Patient', patient('preferred')), entry('GET Patient?family=preferred')];
      const reply = await transact(entries, prefer === '' ? {} : { headers: { prefer } });
      expect([
        reply.at('entry.0.resource') !== undefined,
        reply.at('entry.0.response.outcome') !== undefined,
      ]).to.deep.equal(has);
      expect(reply.at('entry.1.resource.resourceType')).to.equal('Bundle');
    });
  }

  it('secrets in a Bundle are kept and never told', async () => {
    const secret = 'told-by-nobody';
    const reply = await transact([
      entry('PUT Client/bundled', { resourceType: 'Client', secret, grant_types: ['basic'] }),
      entry('GET Client/bundled'),
      entry('GET Client/bundled/_history'),
      entry('PUT User/bundled-user', { resourceType: 'User', password: secret }),
    ]);
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.text).to.not.match(/told-by-nobody|argon2|"secret"|"password"/);
    const as = { basic: ['bundled', secret] } as const;
    expect((await server.request('GET', '/Patient', { as })).status).to.equal(403);
    const refused = await transact([
      entry('PUT Client/bundled', { resourceType: 'Client', secret: 'another-one', grant_types: ['nonsense'] }),
    ]);
    expect([refused.status, refused.text.includes('another-one')]).to.deep.equal([422, false]);
  });
});
