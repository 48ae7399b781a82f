/** Client ids, User ids, userNames and emails share one namespace, so that no login and no `sub` is ambiguous. */
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

type Write = [path: string, body: Record<string, unknown>];

const TAKEN: [name: string, first: Write, second: Write, place: string][] = [
  ['a Client id by a User', ['/Client/x', {}], ['/User/x', {}], 'User.id'],
  ['a User id by a Client', ['/User/x', {}], ['/Client/x', {}], 'Client.id'],
  ['a Client id by a userName', ['/Client/x', {}], ['/User/y', { userName: 'x' }], 'User.userName'],
  ['a userName by a Client', ['/User/y', { userName: 'x' }], ['/Client/x', {}], 'Client.id'],
  ['an email by a Client', ['/User/y', { email: 'x.y' }], ['/Client/x.y', {}], 'Client.id'],
  ['a userName by a userName', ['/User/a', { userName: 'x' }], ['/User/b', { userName: 'x' }], 'User.userName'],
  ['a userName by an email', ['/User/a', { userName: 'x@y' }], ['/User/b', { email: 'x@y' }], 'User.email'],
  ['an email by a userName', ['/User/a', { email: 'x@y' }], ['/User/b', { userName: 'x@y' }], 'User.userName'],
  ['an email by an email', ['/User/a', { email: 'x@y' }], ['/User/b', { email: 'x@y' }], 'User.email'],
  ['a User id by a userName', ['/User/x', {}], ['/User/b', { userName: 'x' }], 'User.userName'],
  ['a userName by a User id', ['/User/a', { userName: 'x' }], ['/User/x', {}], 'User.id'],
  ['an id in another case', ['/User/Anna', {}], ['/User/anna', {}], 'User.id'],
  ['a userName in another case', ['/User/a', { userName: 'ÄNNE' }], ['/User/b', { userName: 'änne' }], 'User.userName'],
  ['ß and SS', ['/User/a', { userName: 'strauß' }], ['/User/b', { userName: 'STRAUSS' }], 'User.userName'],
  ['the final sigma', ['/User/a', { userName: 'ΟΔΟΣ' }], ['/User/b', { userName: 'οδος' }], 'User.userName'],
  ['full-width letters', ['/User/a', { userName: 'ａｎｎａ' }], ['/User/anna', {}], 'User.id'],
  ['a sign made of letters', ['/User/a', { userName: '℡' }], ['/User/tel', {}], 'User.id'],
  ['a ligature', ['/User/a', { userName: 'ﬁona' }], ['/User/b', { userName: 'fiona' }], 'User.userName'],
  ['accents apart', ['/User/a', { userName: 'zoe\u0308' }], ['/User/b', { userName: 'zoë' }], 'User.userName'],
  ['the sign of Kelvin', ['/User/a', { userName: '\u212a' }], ['/Client/k', {}], 'Client.id'],
];

describe('resources: names', () => {
  let server: ClockedServer;
  const call = (method: string, path: string, json?: unknown) =>
    server.request(method, path, { as: asRoot, ...(json === undefined ? {} : { json }) });

  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());
  beforeEach(async () => {
    for (const type of ['User', 'Client']) {
      for (const entry of (await call('GET', `/${type}`)).list('entry') as { resource: { id: string } }[]) {
        if (entry.resource.id !== 'root') await call('DELETE', `/${type}/${entry.resource.id}`);
      }
    }
  });

  for (const [name, first, second, place] of TAKEN) {
    it(`RFC 9700 §4.15.1: client id equal to a user id, and the like: ${name}`, async () => {
      expect((await call('PUT', ...first)).status).to.equal(201);
      const reply = await call('PUT', ...second);
      expect(reply.status, reply.text).to.equal(409);
      expect(reply.at('issue')).to.have.length(1);
      expect(reply.at('issue.0')).to.deep.include({ code: 'duplicate', expression: [place] });
      // Who has the name is not told, nor the name itself.
      expect(reply.text).to.not.match(/Client\/|User\/|x@y|strau/i);
      expect((await call('GET', second[0])).status).to.be.oneOf([404, 410]);
    });

    it(`freed by delete: ${name}`, async () => {
      await call('PUT', ...first);
      await call('DELETE', first[0]);
      expect((await call('PUT', ...second)).status).to.equal(201);
      expect((await call('PUT', ...first)).status).to.equal(409);
    });
  }

  it('a POST is refused as well', async () => {
    await call('PUT', '/User/a', { userName: 'x' });
    expect((await call('POST', '/User', { userName: 'X' })).status).to.equal(409);
  });

  it('one may hold the same name twice, and keep it in another case', async () => {
    expect((await call('PUT', '/User/x', { userName: 'x', email: 'X' })).status).to.equal(201);
    expect((await call('PUT', '/User/x', { userName: 'X', email: 'x' })).status).to.equal(200);
    expect((await call('PUT', '/User/x', {})).status).to.equal(200);
    expect((await call('PUT', '/Client/x', {})).status).to.equal(409);
  });

  it('a name that is given up is free, one that is refused was never taken', async () => {
    await call('PUT', '/User/a', { userName: 'old', email: 'a@x' });
    await call('PUT', '/User/a', { userName: 'new', email: 'a@x' });
    expect((await call('PUT', '/User/b', { userName: 'old' })).status).to.equal(201);
    expect((await call('PUT', '/User/c', { userName: 'wanted', email: 'A@X' })).status).to.equal(409);
    expect((await call('PUT', '/User/d', { userName: 'wanted' })).status).to.equal(201);
    expect((await call('PUT', '/User/b', { userName: 'new' })).status).to.equal(409);
    expect((await call('GET', '/User/b')).at('userName')).to.equal('old');
  });

  it('of simultaneous writes one gets the name', async () => {
    const writes: Write[] = Array.from({ length: 15 }, (_, at) => [`/User/u${at}`, { userName: 'race' }]);
    const replies = await Promise.all([...writes, ['/Client/race', {}] as Write].map((write) => call('PUT', ...write)));
    const statuses = replies.map(({ status }) => status).sort();
    expect(statuses).to.deep.equal([201, ...Array.from({ length: 15 }, () => 409)]);
    const users = (await call('GET', '/User?username=race')).list('entry');
    const clients = (await call('GET', '/Client?_id=race')).list('entry');
    expect([...users, ...clients]).to.have.length(1);
  });
});
