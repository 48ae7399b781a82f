/** Nodes that start at the same moment on an empty database are one server from the first answer on. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { DATABASE_KIND, freshDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';

if (DATABASE_KIND === 'postgres') {
  describe('server: three nodes that start at once on an empty database', () => {
    for (let round = 1; round <= 3; round += 1) {
      it(`make one root client, one policy and one key; each takes the tokens of the others (${round})`, async () => {
        const database = await freshDatabase();
        const env = { BASE_URL: 'http://ward.example', ROOT_CLIENT_SECRET: '' };
        const nodes = await Promise.all([1, 2, 3].map(() => startClockedServer(env, database)));
        const greetings = nodes.map(({ welcome }) => welcome).filter((welcome) => welcome !== '');
        expect(greetings).to.have.length(1);
        const secret = /^ {2}secret +(\S+)$/m.exec(greetings[0] ?? '')?.[1] ?? '';
        const as = { basic: ['root', secret] } as const;
        const json = { secret: 'a', grant_types: ['client_credentials'], auth: JWT };
        await nodes[0]?.request('PUT', '/Client/app', { as, json });
        await nodes[0]?.request('PUT', '/AccessPolicy/app', { as, json: { engine: 'allow', link: [APP] } });
        for (const node of nodes) {
          expect((await node.request('GET', '/Client', { as })).at('total')).to.equal(2);
          expect((await node.request('GET', '/AccessPolicy', { as })).at('total')).to.equal(2);
          expect((await node.request('GET', '/.well-known/jwks.json')).list('keys')).to.have.length(1);
          const app = { basic: ['app', 'a'] } as const;
          const form = { grant_type: 'client_credentials' };
          const bearer = (await node.request('POST', '/auth/token', { as: app, form })).string('access_token');
          for (const other of nodes) {
            expect((await other.request('GET', '/Patient', { as: { bearer } })).status).to.equal(200);
          }
        }
        for (const node of nodes) await node.stop();
        await database.drop();
      });
    }
  });
}

const JWT = { client_credentials: { token_format: 'jwt' } };
const APP = { reference: 'Client/app' };
