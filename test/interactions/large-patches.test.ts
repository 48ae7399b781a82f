/** What a transaction may make of large resources by small patches. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';
import { binary, entry, issue, send } from './bundles.ts';

const LARGE = 24;

describe('interactions: large patches', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
    const json = { code: { text: 'x' }, extension: [{ url: 'http://a.example', valueString: 'x'.repeat(900_000) }] };
    for (let at = 0; at < LARGE; at += 1) {
      const reply = await server.request('PUT', `/Basic/b${at}`, {
        as: asRoot,
        json,
        headers: { prefer: 'return=minimal' },
      });
      expect(reply.status, reply.text).to.equal(201);
    }
  });
  after(() => server.stop());

  it('small patches that make very large resources are refused together, and nothing is stored', async () => {
    const patch = binary([{ op: 'replace', path: '/code/text', value: 'y' }]);
    const patches = (count: number) => Array.from({ length: count }, (_, at) => entry(`PATCH Basic/b${at}`, patch));
    const headers = { prefer: 'return=minimal' };
    const refused = await send(server, 'transaction', patches(LARGE), { headers });
    expect([refused.status, issue(refused)], refused.text).to.eql([413, 'too-long Bundle.entry[19]']);
    expect((await server.request('GET', '/Basic/b0', { as: asRoot })).at('meta.versionId')).to.equal('1');
    expect((await send(server, 'transaction', patches(15), { headers })).status).to.equal(200);
    expect((await server.request('GET', '/Basic/b14', { as: asRoot })).at('meta.versionId')).to.equal('2');
  });
});
