/** Answers that would be larger than a server can hold for a caller: what of them is given, and what is refused. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { createRegistry } from '../../resources/registry.ts';
import { batch } from '../../server/bundles/batch.ts';
import { readEntry } from '../../server/bundles/entry.ts';
import { AnswerRoom } from '../../server/bundles/room.ts';
import { createCursors } from '../../server/http/cursors.ts';
import type { Result, Services } from '../../server/interactions/interaction.ts';
import type { Reply } from '../harness/http.ts';
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
    expect((await server.request('PUT', '/Patient/read', { as: asRoot, json })).status).to.equal(201);
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
    expect(reply.at(`${place}.diagnostics`)).to.match(
      /exceed 16777216 characters: send fewer entries, .*_count, or JSON/,
    );
  });

  it('a write of a batch is refused before it is done, or told of without its body', async () => {
    let done = 0;
    const version = { key: 1, type: 'Patient', id: '1', versionId: 2, lastUpdated: 0, method: 'PUT' } as const;
    const text = 'x'.repeat(LARGE);
    const handle = async (): Promise<Result> => {
      done += 1;
      return { status: 200, version: { ...version, text }, written: 'updated' };
    };
    const patch = { method: 'patch', path: '/:type/:id', name: 'patch', handle } as const;
    const judge = { require: async () => [] };
    const services = { judge, registry: createRegistry(['Patient']) } as unknown as Services;
    const outcomesWith = (prefer: string) => {
      const cursors = createCursors(Buffer.alloc(32));
      const bounds = { values: 9, names: 9 };
      const outer = { base: '', baseUrl: '', cursors, pageBytes: 0, prefer, newId: () => '', bounds };
      const one = readEntry(
        JSON.parse(JSON.stringify(entry('PATCH Patient/1', { active: true }))),
        'Bundle.entry[0]',
        outer,
      );
      return batch(
        Array.from({ length: 80 }, (_, id) => ({
          ...one,
          interaction: patch,
          request: { ...one.request, id: String(id) },
        })),
        services,
        new AnswerRoom(16 * MEBI),
      );
    };
    const outcomes = await outcomesWith('');
    // Those that were begun by then are done, 32 at a time.
    expect(done).to.be.within(TOO_MANY, TOO_MANY + 32);
    expect(outcomes.map((each) => typeof each === 'string')).to.deep.equal(outcomes.map((_, index) => index < done));
    expect(outcomes.filter((each) => String(each).includes(text)).length).to.equal(TOO_MANY - 1);
    const brief = await outcomesWith('return=minimal');
    expect(brief.every((each) => typeof each === 'string')).to.equal(true);
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

describe('interactions: large pages', () => {
  /** So many of the large ones have room in a page. */
  const A_PAGE = 8;
  const TYPES = ['Patient', 'Organization'];
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
    for (let index = 0; index < 20; index += 1) {
      // All Organizations but two are older than all Patients but two.
      const type = TYPES[(index < 10 ? 1 : 0) ^ (index % 6 === 0 ? 1 : 0)] ?? '';
      const name = type === 'Patient' ? [{ text: 'x'.repeat(LARGE) }] : 'x'.repeat(LARGE);
      server.pass(1);
      const { status } = await server.request('PUT', `/${type}/r${index}`, { as: asRoot, json: { name } });
      expect(status).to.equal(201);
    }
    for (const type of TYPES) await server.request('DELETE', `/${type}/r6`, { as: asRoot });
  });
  after(() => server.stop());

  /** What an address gives, page by page. */
  async function pages(path: string): Promise<string[][]> {
    const found: string[][] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const reply: Reply = await server.request('GET', next, { as: asRoot });
      expect(reply.status, reply.text.slice(0, 500)).to.equal(200);
      expect(reply.text.length).to.be.below(8 * MEBI + 100_000);
      const entries = (reply.at('entry') ?? []) as { fullUrl: string; response?: { etag: string } }[];
      found.push(entries.map(({ fullUrl, response }) => `${fullUrl} ${response?.etag}`));
      const links = reply.list('link') as { relation: string; url: string }[];
      const [self, following] = ['self', 'next'].map((name) => links.find(({ relation }) => relation === name)?.url);
      expect(self).to.match(new RegExp(`${path.replace(/[?/]/g, '.')}$`));
      next = following?.slice(following.indexOf('/', 'http://'.length));
    }
    return found;
  }

  for (const path of ['/Patient', '/Patient?_sort=-_lastUpdated', '/Organization/_history', '/_history']) {
    it(`${path} gives them page by page, whatever _count says`, async () => {
      const joined = path.includes('?') ? '&' : '?';
      const few = await pages(`${path}${joined}_count=3`);
      const many = await pages(`${path}${joined}_count=1000`);
      expect(many.flat()).to.deep.equal(few.flat());
      expect(new Set(many.flat()).size).to.equal(many.flat().length);
      for (const page of many.slice(0, -1)) expect(page.length).to.be.at.least(A_PAGE);
      expect(many.length).to.be.above(1);
    });
  }

  it('the history of one that was changed often ends in the same way', async () => {
    const headers = { 'content-type': 'application/merge-patch+json' };
    for (let index = 0; index < 10; index += 1) {
      const body = JSON.stringify({ active: index % 2 === 0 });
      expect((await server.request('PATCH', '/Patient/r13', { as: asRoot, headers, body })).status).to.equal(200);
    }
    const found = await pages('/Patient/r13/_history?_count=1000');
    expect(found.map((page) => page.length)).to.deep.equal([A_PAGE, 3]);
  });

  it('what is rendered anew ends earlier: YAML, and JSON for people', async () => {
    for (const query of ['_format=yaml', '_pretty=true']) {
      const page = await server.request('GET', `/Patient?_count=1000&${query}`, { as: asRoot });
      expect(page.list('entry').length).to.equal(1);
      expect(page.at('link.1.relation')).to.equal('next');
      const batched = await server.request('POST', `/?${query}`, {
        as: asRoot,
        json: {
          resourceType: 'Bundle',
          type: 'batch',
          entry: Array.from({ length: 3 }, () => entry('GET Patient?_id=r13')),
        },
      });
      expect(statuses(batched).sort()).to.deep.equal(['200', '200', '413']);
    }
  });
});
