/** Simultaneous conditional writes: what may happen once happens once, by itself and in transactions. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { DATABASE_KIND, type TestDatabase } from '../harness/database.ts';
import type { Reply } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { asRoot } from '../harness/server.ts';
import { entry, send } from './bundles.ts';

const N = 50;

/** As a client does, asks again where a machine that is short of time told it to: nothing was stored then. */
async function answered(ask: () => Promise<Reply>): Promise<Reply> {
  for (;;) {
    const reply = await ask();
    if (reply.status !== 503 || reply.header('retry-after') === '') return reply;
  }
}

describe('interactions: concurrency', function () {
  this.timeout(60_000);
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  const together = (one: (at: number) => Promise<Reply>) =>
    Promise.all(Array.from({ length: N }, (_, at) => answered(() => one(at))));
  const tally = (values: unknown[]) => {
    const counts: Record<string, number> = {};
    for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1;
    return counts;
  };
  const identified = (value: string, more: object = {}) => ({
    resourceType: 'Patient',
    identifier: [{ value }],
    ...more,
  });
  const found = async (query: string) =>
    (await server.request('GET', `/Patient?${query}`, { as: asRoot })).list('entry');
  const versions = async (path: string) =>
    (await server.request('GET', `${path}/_history?_count=100`, { as: asRoot })).list('entry').length;

  it(`${N} conditional creates make one resource`, async () => {
    const headers = { 'if-none-exist': 'identifier=one' };
    const replies = await together(() =>
      server.request('POST', '/Patient', { as: asRoot, headers, json: identified('one') }),
    );
    expect(tally(replies.map(({ status }) => status))).to.deep.equal({ 200: N - 1, 201: 1 });
    expect(new Set(replies.map((reply) => reply.at('id'))).size).to.equal(1);
    expect(await found('identifier=one')).to.have.length(1);
  });

  it(`${N} updates with one If-Match let one through`, async () => {
    const made = await server.request('PUT', '/Patient/matched', { as: asRoot, json: identified('matched') });
    const headers = { 'if-match': made.header('etag') };
    const replies = await together((at) =>
      server.request('PUT', '/Patient/matched', { as: asRoot, headers, json: identified(`matched-${at}`) }),
    );
    expect(tally(replies.map(({ status }) => status))).to.deep.equal({ 200: 1, 412: N - 1 });
    expect(await versions('/Patient/matched')).to.equal(2);
  });

  it(`${N} conditional updates make one resource and a version each`, async () => {
    const replies = await together((at) =>
      server.request('PUT', '/Patient?identifier=updated', {
        as: asRoot,
        json: identified('updated', { name: [{ family: `f${at}` }] }),
      }),
    );
    expect(tally(replies.map(({ status }) => status))).to.deep.equal({ 200: N - 1, 201: 1 });
    expect(new Set(replies.map((reply) => reply.header('etag'))).size).to.equal(N);
    expect(await found('identifier=updated')).to.have.length(1);
  });

  it(`${N} patches of one resource are all in it`, async () => {
    await server.request('PUT', '/Patient/patched', { as: asRoot, json: identified('patched') });
    const replies = await together((at) =>
      server.request('PATCH', '/Patient?identifier=patched', {
        as: asRoot,
        headers: { 'content-type': 'application/json-patch+json' },
        body: JSON.stringify([{ op: 'add', path: '/identifier/-', value: { value: `i${at}` } }]),
      }),
    );
    expect(tally(replies.map(({ status }) => status))).to.deep.equal({ 200: N });
    const { body } = await server.request('GET', '/Patient/patched', { as: asRoot });
    expect((body as { identifier: unknown[] }).identifier).to.have.length(N + 1);
  });

  it(`${N} conditional deletes make one deletion`, async () => {
    const replies = await together(() => server.request('DELETE', '/Patient?identifier=patched', { as: asRoot }));
    expect(tally(replies.map(({ status }) => status))).to.deep.equal({ 204: N });
    expect(await versions('/Patient/patched')).to.equal(N + 2);
  });

  it(`${N} transactions with one condition make one resource, and each refers to it`, async () => {
    const fullUrl = 'urn:uuid:55555555-5555-4555-8555-555555555555';
    const replies = await together((at) => {
      const link = [{ other: { reference: fullUrl }, type: 'seealso' }];
      return send(server, 'transaction', [
        entry('POST Patient', identified('shared'), { ifNoneExist: 'identifier=shared' }, fullUrl),
        entry('POST Patient', identified(`referrer-${at}`, { link })),
      ]);
    });
    expect(tally(replies.map(({ status }) => status))).to.deep.equal({ 200: N });
    expect(tally(replies.map((reply) => reply.at('entry.0.response.status')))).to.deep.equal({ 200: N - 1, 201: 1 });
    const id = replies[0]?.string('entry.0.resource.id');
    expect(tally(replies.map((reply) => reply.at('entry.1.resource.link.0.other.reference')))).to.deep.equal({
      [`Patient/${id}`]: N,
    });
    expect(await found('identifier=shared')).to.have.length(1);
    expect(await found(`link=Patient/${id}`)).to.have.length(N);
  });

  it(`${N} transactions that raise one resource by ifMatch let one through, whole`, async () => {
    await server.request('PUT', '/Patient/raised', { as: asRoot, json: identified('raised') });
    const replies = await together((at) =>
      send(server, 'transaction', [
        entry('POST Patient', identified('with-the-raise')),
        entry('PUT Patient/raised', identified(`raised-${at}`), { ifMatch: 'W/"1"' }),
      ]),
    );
    expect(tally(replies.map(({ status }) => status))).to.deep.equal({ 200: 1, 412: N - 1 });
    expect(await found('identifier=with-the-raise')).to.have.length(1);
  });

  it('a transaction is not refused for what others gain and lose of its criteria meanwhile', async () => {
    const rounds = Array.from({ length: 4 * N }, (_, at) => `lost-${at}`);
    for (const value of rounds) {
      await server.request('PUT', `/Patient/${value}`, { as: asRoot, json: identified(`not-${value}`) });
      const replies = await Promise.all([
        send(server, 'transaction', [
          entry('POST Patient', identified(`other-than-${value}`), { ifNoneExist: `identifier=${value}` }),
        ]),
        server.request('PUT', `/Patient/${value}`, { as: asRoot, json: identified(value) }),
        server.request('PUT', `/Patient?identifier=${value}`, { as: asRoot, json: identified(`gone-${value}`) }),
      ]);
      for (const { status, text } of replies) expect(status, text).to.be.oneOf([200, 201]);
    }
  });

  it('transactions of patches and of secrets go on where others came between', async () => {
    await server.request('PUT', '/Client/between', { as: asRoot, json: { secret: 'first', grant_types: ['basic'] } });
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        send(server, 'transaction', [
          entry('PATCH Patient/raised', { gender: at % 2 === 0 ? 'male' : 'female' }),
          entry('PUT Client/between', { resourceType: 'Client', secret: `secret-${at}`, grant_types: ['basic'] }),
        ]),
      ),
    );
    expect(tally(replies.map(({ status }) => status))).to.deep.equal({ 200: 8 });
    const good = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        server.request('GET', '/Patient', { as: { basic: ['between', `secret-${at}`] } }),
      ),
    );
    expect(tally(good.map(({ status }) => status))).to.deep.equal({ 401: 7, 403: 1 });
  });
});

// A SQLite file has one process.
if (DATABASE_KIND === 'postgres') {
  describe('interactions: concurrency of two nodes', () => {
    let database: TestDatabase;
    let nodes: ClockedServer[];
    before(async () => {
      database = await preparedDatabase();
      nodes = [await startClockedServer({}, database), await startClockedServer({}, database)];
    });
    after(async () => {
      for (const node of nodes) await node.stop();
      await database.drop();
    });

    it(`${N} transactions with conditions on two types, from both, make one resource of each`, async () => {
      const [left, right] = nodes;
      if (!left || !right) throw new Error('two nodes are needed');
      const replies = await Promise.all(
        Array.from({ length: N }, (_, at) => {
          const entries = [
            entry('PUT Patient?identifier=two', { resourceType: 'Patient', identifier: [{ value: 'two' }] }),
            entry('PUT User?username=two', { resourceType: 'User', userName: 'two' }),
          ];
          return send(at % 2 === 0 ? left : right, 'transaction', at % 3 === 0 ? entries.reverse() : entries);
        }),
      );
      expect(replies.map(({ status, text }) => (status === 200 ? '' : text)).filter((text) => text !== '')).to.eql([]);
      for (const query of ['/Patient?identifier=two', '/User?username=two']) {
        expect((await left.request('GET', query, { as: asRoot })).list('entry')).to.have.length(1);
      }
    });
  });
}
