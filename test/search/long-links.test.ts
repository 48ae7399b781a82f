/** The links of a searchset are followed as they are, also where the search was longer than most addresses. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Reply } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const uuids = (count: number) => Array.from({ length: count }, () => randomUUID());

describe('The links of a search by POST', () => {
  let server: ClockedServer;
  const stored = uuids(3);
  before(async () => {
    server = await startClockedServer();
    for (const id of stored) {
      const json = { identifier: [{ system: 'urn:mrn', value: 'x' }] };
      await server.request('PUT', `/Patient/${id}`, { as: asRoot, json });
    }
  });
  after(() => server.stop());

  const search = (form: Record<string, string>) =>
    server.request('POST', '/fhir/Patient/_search', { as: asRoot, form });
  const nextOf = (reply: Reply) => (reply.list('link') as { relation: string; url: string }[])[1]?.url;
  const ids = [...stored, ...uuids(497)].join();

  it('lead to the last page, whatever number of ids was sent', async () => {
    const found: unknown[] = [];
    let reply = await search({ _id: ids, _count: '1' });
    for (;;) {
      expect(reply.status, reply.text.slice(0, 300)).to.equal(200);
      found.push(reply.at('entry.0.resource.id'));
      const next = nextOf(reply);
      if (next === undefined) break;
      expect(next.length).to.be.above(16 * 1024);
      // Beside a token as large as there are.
      const headers = { 'x-token': 'x'.repeat(6000) };
      reply = await server.request('GET', next.slice(server.baseUrl.length), { as: asRoot, headers });
    }
    expect(found).to.have.members(stored);
  });

  it('are not given where none could be followed: 400, and all in one page is', async () => {
    const identifier = [...uuids(499).map((id) => `urn:uuid|${id}`), 'urn:mrn|x'].join();
    const refused = await search({ _id: ids, identifier, _count: '1' });
    expect([refused.status, refused.at('issue.0.code')]).to.eql([400, 'invalid']);
    expect(refused.string('issue.0.diagnostics')).to.include('_count');
    const whole = await search({ _id: ids, identifier });
    expect([whole.status, whole.list('entry').length, nextOf(whole)]).to.eql([200, 3, undefined]);
  });
});
