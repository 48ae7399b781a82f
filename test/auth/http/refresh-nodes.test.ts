/** Refreshing where several nodes share one database. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { DATABASE_KIND, type TestDatabase } from '../../harness/database.ts';
import { type ClockedServer, startClockedServer } from '../../harness/in-process.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { type Api, apiOf, refusal } from './api.ts';

const ISSUER = 'http://ward.example';

describe('refresh over HTTP on two nodes', () => {
  if (DATABASE_KIND !== 'postgres') return;
  let database: TestDatabase;
  let nodes: (ClockedServer & Omit<Api, keyof ClockedServer>)[];
  before(async () => {
    database = await preparedDatabase();
    const start = async () => apiOf(await startClockedServer({ BASE_URL: ISSUER }, database), ISSUER);
    nodes = [await start(), await start()];
    const auth = { password: { refresh_token: true, token_format: 'jwt' } };
    await node(0).put('/Client/app', { grant_types: ['password'], auth });
    await node(0).put('/User/ann', { password: 'correct-horse' });
    await node(0).put('/AccessPolicy/all', { engine: 'allow', link: [{ reference: 'User/ann' }] });
  });
  after(async () => {
    for (const each of nodes) await each.stop();
    await database.drop();
  });

  const node = (at: number) => nodes[at % 2] as Api;
  const login = () =>
    node(0).granted({ grant_type: 'password', client_id: 'app', username: 'ann', password: 'correct-horse' });
  const refresh = (at: number, token: string) =>
    node(at).token({ grant_type: 'refresh_token', client_id: 'app', refresh_token: token });

  it('concurrent refresh mints several successors: of 20 all get the very same', async () => {
    for (let round = 0; round < 5; round += 1) {
      const token = (await login()).string('refresh_token');
      const replies = await Promise.all(Array.from({ length: 20 }, (_, at) => refresh(at, token)));
      expect(replies.map(({ status }) => status)).to.eql(Array(20).fill(200));
      expect(new Set(replies.map((reply) => reply.string('access_token'))).size).to.equal(1);
      expect(new Set(replies.map((reply) => reply.string('refresh_token'))).size).to.equal(1);
      const [first] = replies;
      expect(await node(1).statusWith(first?.string('access_token') ?? '')).to.equal(200);
    }
  });

  it('the use of a successor on one node ends the Session where the spent token is sent to another', async () => {
    const first = (await login()).string('refresh_token');
    const second = await refresh(0, first);
    expect((await refresh(1, first)).text, 'a retry').to.equal(second.text);
    expect(await node(0).statusWith(second.string('access_token'))).to.equal(200);
    expect(refusal(await refresh(1, first))).to.equal('400 invalid_grant');
    expect(await node(0).statusWith(second.string('access_token'))).to.equal(401);
  });
});
