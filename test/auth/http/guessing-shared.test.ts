/** Guesses are counted in the database: on every node, and beyond a restart. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { DATABASE_KIND, type TestDatabase } from '../../harness/database.ts';
import { startClockedServer } from '../../harness/in-process.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { type Api, apiOf } from './api.ts';

const ISSUER = 'http://ward.example';

describe('guesses on several nodes, or before and after a restart', () => {
  let database: TestDatabase;
  let nodes: Api[];
  const start = async () => {
    const env = { SIGNING_ALG: 'ES256', BASE_URL: ISSUER, TRUSTED_PROXIES: '127.0.0.0/8' };
    return apiOf(await startClockedServer(env, database), ISSUER);
  };
  before(async () => {
    database = await preparedDatabase();
    nodes = [await start()];
    if (DATABASE_KIND === 'postgres') nodes.push(await start());
    const [node] = nodes;
    await node?.put('/Client/app', { secret: 'app-secret', grant_types: ['password', 'basic'] });
    await node?.put('/Client/public', { grant_types: ['password'] });
    for (const id of ['ann', 'bob', 'eve']) await node?.put(`/User/${id}`, { password: `${id}-password` });
  });
  after(async () => {
    for (const node of nodes) await node.stop();
    await database.drop();
  });

  /** The other node; where there can be but one, it is started anew. */
  const other = async (): Promise<Api> => {
    if (DATABASE_KIND === 'sqlite') {
      await nodes.pop()?.stop();
      nodes.push(await start());
    }
    nodes.reverse();
    return nodes[0] as Api;
  };
  const login = (node: Api, username: string, password: string, address: string) =>
    node.token(
      { grant_type: 'password', client_id: 'public', username, password },
      { headers: { 'x-forwarded-for': address } },
    );
  const guess = async (node: Api, count: number, username: string, address: string) => {
    const statuses = new Set<number>();
    for (let at = 0; at < count; at += 1) {
      statuses.add((await login(node, username, `guess-${at}`, address)).status);
    }
    return [...statuses];
  };

  it('lockout dodged by another node or a restart: ten in all', async () => {
    let node = await other();
    expect(await guess(node, 5, 'ann', '198.51.100.1')).to.eql([400]);
    // So that this node has looked at the guesses, and maybe remembers them.
    expect((await login(node, 'ann', 'ann-password', '198.51.100.1')).status).to.equal(200);
    node = await other();
    expect(await guess(node, 5, 'ann', '198.51.100.1')).to.eql([400]);
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await login(node, 'ann', 'ann-password', '198.51.100.1')).status).to.equal(429);
      node = await other();
    }
  });

  // A hundred guesses, each of which costs a hash.
  it('lockout as denial of service behind one address: whoever is known there is let in', async () => {
    const nat = '203.0.113.7';
    let node = await other();
    expect((await login(node, 'bob', 'bob-password', nat)).status).to.equal(200);
    node = await other();
    for (let at = 0; at < 100; at += 1) await login(node, `nobody-${at}`, 'x', nat);
    expect((await login(node, 'eve', 'eve-password', nat)).status).to.equal(429);
    node = await other();
    expect((await login(node, 'bob', 'bob-password', nat)).status).to.equal(200);
    expect(await guess(node, 11, 'bob', nat), 'guesses at bob from there').to.eql([400, 429]);
  });
});
