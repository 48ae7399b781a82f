import { expect } from 'chai';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

describe("resources: searching the server's own types", () => {
  let server: ClockedServer;

  before(async () => {
    server = await startClockedServer();
    const put = (path: string, json: object) => server.request('PUT', path, { as: asRoot, json });
    await put('/Client/silent', { name: 'Says nothing of being active' });
    await put('/Client/on', { active: true });
    await put('/Client/off', { active: false });
    await put('/User/doc', { userName: 'Doc', email: 'Doc@Example.ORG' });
    await put('/User/gone', { userName: 'gone', inactive: true });
  });

  after(() => server.stop());

  for (const [search, ids] of [
    ['Client?active=true&_id=silent,on,off', ['silent', 'on']],
    ['Client?active=false', ['off']],
    ['Client?active:not=true', ['off']],
    ['User?inactive=false', ['doc']],
    ['User?inactive=true', ['gone']],
    ['User?username=DOC', ['doc']],
    ['User?username=doc', ['doc']],
    ['User?username=ｄｏｃ', ['doc']],
    ['User?username=do', []],
    ['User?email=doc@example.org', ['doc']],
    ['User?email=DOC@EXAMPLE.ORG,nobody', ['doc']],
  ] as const) {
    it(`GET /${search} finds ${ids.join(', ') || 'nothing'}`, async () => {
      const reply = await server.request('GET', `/${encodeURI(search)}`, { as: asRoot });
      const found = reply.list('entry').map((entry) => (entry as { resource: { id: string } }).resource.id);
      expect(found, reply.text).to.deep.equal([...ids]);
    });
  }
});
