/** Answers that would be larger than a server can hold for a caller: what of them is given, and what is refused. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { entry, issue, send, statuses } from './bundles.ts';

const MEBI = 1024 * 1024;
/** Characters of a Patient that is as large as one may come. */
const LARGE = 1_000_000;
/** So many of them are one too many for the answer to a Bundle. */
const TOO_MANY = Math.ceil((16 * MEBI) / LARGE);

describe('interactions: large answers', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
    const json = { resourceType: 'Patient', name: [{ text: 'x'.repeat(LARGE) }] };
    for (const id of ['read', 'written']) {
      expect((await server.request('PUT', `/Patient/${id}`, { as: asRoot, json })).status).to.equal(201);
    }
  });
  after(() => server.stop());

  const reads = (count: number) => Array.from({ length: count }, () => entry('GET Patient?_id=read'));

  it('entries of a batch that its answer has no room for fail alone, and say what helps', async () => {
    const reply = await send(server, 'batch', [...reads(TOO_MANY + 1), entry('HEAD Patient/read')]);
    const told = statuses(reply);
    expect(told.pop()).to.equal('200');
    const refused = told.indexOf('413');
    expect(told.sort()).to.deep.equal([...Array.from({ length: TOO_MANY - 1 }, () => '200'), '413', '413']);
    expect(reply.text.length).to.be.below(16 * MEBI + 2000);
    const place = `entry.${refused}.response.outcome.issue.0`;
    expect(issue(reply, place)).to.equal(`too-long Bundle.entry[${refused}]`);
    expect(reply.at(`${place}.diagnostics`)).to.match(/more than 16777216 characters: send fewer entries, or .*_count/);
  });

  it('a write of a batch is refused before it is done, or told of without its body', async () => {
    const patches = Array.from({ length: 40 }, () => entry('PATCH Patient/written', { active: true }));
    const reply = await send(server, 'batch', patches);
    const bodies = reply.list('entry').filter((each) => (each as { resource?: object }).resource !== undefined);
    expect(bodies.length).to.equal(TOO_MANY - 1);
    // Those that were begun together are done.
    const expected = patches.map((_, index) => (index < 32 ? '200' : '413'));
    expect(statuses(reply)).to.deep.equal(expected);
    const brief = await send(server, 'batch', patches, { headers: { prefer: 'return=minimal' } });
    expect(new Set(statuses(brief))).to.deep.equal(new Set(['200']));
  });

  it('a transaction whose answer has no room fails as a whole, and changes nothing', async () => {
    const made = entry('POST Patient', { resourceType: 'Patient', name: [{ family: 'unmade' }] });
    const reply = await send(server, 'transaction', [made, ...reads(TOO_MANY)]);
    expect([reply.status, issue(reply)]).to.deep.equal([413, `too-long Bundle.entry[${TOO_MANY}]`]);
    const found = await server.request('GET', '/Patient?family=unmade', { as: asRoot });
    expect(found.at('total')).to.equal(0);
    expect((await send(server, 'transaction', [made, ...reads(TOO_MANY - 1)])).status).to.equal(200);
  });
});
