/** Simultaneous writes to one id: one wins, the others are told, and every answered version is there. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Reply } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { EXAMPLES } from './examples.ts';

const N = 25;

describe('resources: concurrency', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  const put = (path: string, json: unknown, headers = {}) => server.request('PUT', path, { as: asRoot, json, headers });
  const together = (one: (at: number) => Promise<Reply>) => Promise.all(Array.from({ length: N }, (_, at) => one(at)));
  const statuses = (replies: Reply[]) => replies.map(({ status }) => status).sort();
  const others = (status: number) => Array.from({ length: N - 1 }, () => status);
  const body = (resource: object, at: number) => ({ ...resource, meta: { tag: [{ code: `t${at}` }] } });

  for (const { type, resource } of EXAMPLES) {
    it(`${type}: PUTs with one If-Match let one through`, async () => {
      const path = `/${type}/match-${type}`;
      const etag = (await put(path, resource)).header('etag');
      const replies = await together((at) => put(path, body(resource, at), { 'if-match': etag }));
      expect(statuses(replies)).to.deep.equal([200, ...others(412)]);
      const winner = replies.find(({ status }) => status === 200);
      expect((await server.request('GET', path, { as: asRoot })).body).to.deep.equal(winner?.body);
      expect(winner?.header('etag')).to.equal('W/"2"');
    });

    it(`${type}: PUTs to a new id make one 201, and a version each`, async () => {
      const path = `/${type}/new-${type}`;
      const replies = await together((at) => put(path, body(resource, at)));
      expect(statuses(replies)).to.deep.equal([...others(200), 201]);
      const tags = replies.map((reply) => reply.header('etag'));
      expect(new Set(tags).size).to.equal(N);
      const history = await server.request('GET', `${path}/_history`, { as: asRoot });
      const versions = (history.list('entry') as { resource: unknown }[]).map(({ resource: version }) => version);
      expect(versions).to.have.deep.members(replies.map((reply) => reply.body));
    });

    it(`${type}: PUTs with If-None-Match: * to a new id make one`, async () => {
      const path = `/${type}/none-${type}`;
      const replies = await together((at) => put(path, body(resource, at), { 'if-none-match': '*' }));
      expect(statuses(replies)).to.deep.equal([201, ...others(412)]);
    });

    it(`${type}: one body sent by all is one version`, async () => {
      const path = `/${type}/same-${type}`;
      const replies = await together(() => put(path, resource));
      expect(statuses(replies)).to.deep.equal([...others(200), 201]);
      expect(new Set(replies.map((reply) => reply.header('etag')))).to.deep.equal(new Set(['W/"1"']));
    });

    it(`${type}: DELETEs make one deletion`, async () => {
      const path = `/${type}/same-${type}`;
      const replies = await together(() => server.request('DELETE', path, { as: asRoot }));
      expect(new Set(statuses(replies))).to.deep.equal(new Set([204]));
      const history = await server.request('GET', `${path}/_history`, { as: asRoot });
      expect(history.list('entry')).to.have.length(2);
    });
  }

  it('one secret set by all at once is hashed into one version, and is good', async () => {
    const resource = { secret: 'set-by-all', grant_types: ['basic'] };
    const replies = await Promise.all(Array.from({ length: 8 }, () => put('/Client/all', resource)));
    expect(statuses(replies)).to.deep.equal([200, 200, 200, 200, 200, 200, 200, 201]);
    const as = { basic: ['all', 'set-by-all'] } as const;
    // Known, but without a policy.
    expect((await server.request('GET', '/Patient', { as })).status).to.equal(403);
  });

  it('a refused write among others costs them nothing', async () => {
    const replies = await together((at) =>
      at % 5 === 0 ? put(`/User/u${at}`, { userName: 'root' }) : put(`/User/u${at}`, { userName: `name${at}` }),
    );
    expect(replies.map(({ status }) => status)).to.deep.equal(
      Array.from({ length: N }, (_, at) => (at % 5 === 0 ? 409 : 201)),
    );
    const found = await server.request('GET', '/User?_count=1000', { as: asRoot });
    expect(
      (found.list('entry') as { fullUrl: string }[]).filter(({ fullUrl }) => /u\d+$/.test(fullUrl)),
    ).to.have.length(20);
  });
});
