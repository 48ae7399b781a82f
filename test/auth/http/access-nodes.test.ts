/** Where several nodes share one database, what one of them was told holds on the others from the next request on. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { DATABASE_KIND, type TestDatabase } from '../../harness/database.ts';
import { runs } from '../../harness/generated.ts';
import type { RequestOptions } from '../../harness/http.ts';
import { startClockedServer } from '../../harness/in-process.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { asRoot } from '../../harness/server.ts';
import { persistently } from '../../server/persistently.ts';
import { type Api, apiOf } from './api.ts';

const ISSUER = 'http://ward.example';
const SETTINGS = { BASE_URL: ISSUER, TRUSTED_PROXIES: '127.0.0.0/8' };
const { numRuns: REVOCATIONS } = runs(1000);
const { numRuns: CUTS } = runs(200);
const { numRuns: CHANGES } = runs(200);
const { numRuns: SECRETS } = runs(60);

if (DATABASE_KIND === 'postgres') {
  describe('access on two nodes', () => {
    let database: TestDatabase;
    let nodes: [Api, Api];
    before(async () => {
      database = await preparedDatabase();
      const start = async () => apiOf(await startClockedServer(SETTINGS, database), ISSUER);
      nodes = [await start(), await start()];
      await nodes[0].put('/Client/opaque', { secret: 'a', grant_types: ['client_credentials', 'basic'] });
      const auth = { client_credentials: { token_format: 'jwt' } };
      await nodes[0].put('/Client/jwt', { secret: 'a', grant_types: ['client_credentials'], auth });
      const link = [{ reference: 'Client/opaque' }, { reference: 'Client/jwt' }];
      await nodes[0].put('/AccessPolicy/all', { engine: 'allow', link });
    });
    after(async () => {
      for (const each of nodes) await each.stop();
      await database.drop();
    });

    /** The node that is told, and the other: they take turns. */
    const pair = (at: number): [told: Api, other: Api] => (at % 2 === 0 ? nodes : [nodes[1], nodes[0]]);
    const clientOf = (at: number) => (at % 4 < 2 ? 'opaque' : 'jwt');
    const login = (node: Api, at: number) =>
      node.token({ grant_type: 'client_credentials' }, { as: { basic: [clientOf(at), 'a'] } });
    const revoke = (node: Api, at: number, token: string) =>
      node.request('POST', '/auth/revoke', { form: { token }, as: { basic: [clientOf(at), 'a'] } });
    const close = async (node: Api) => {
      const [session] = await node.found('/Session?_sort=-_lastUpdated&_count=1');
      return node.request('DELETE', `/Session/${String(session?.['id'])}`, { as: asRoot });
    };
    const read = (node: Api, bearer: string) => node.request('GET', '/Patient', { as: { bearer } });

    it(`a revoked token at another node: ${REVOCATIONS} revocations, each 401 there at once`, async () => {
      for (let at = 0; at < REVOCATIONS; at += 1) {
        const [told, other] = pair(at);
        const token = (await login(told, at)).string('access_token');
        for (const node of nodes) expect((await read(node, token)).status, `${at} before`).to.equal(200);
        const revoked = at % 3 === 0 ? await close(told) : await revoke(told, at, token);
        expect(revoked.status, revoked.text).to.be.oneOf([200, 204]);
        expect((await read(other, token)).status, `${at} on the other node`).to.equal(401);
        expect((await read(told, token)).status, `${at} on the same node`).to.equal(401);
      }
    }).timeout(600_000);

    it(`a changed policy at another node: ${CHANGES} changes, each followed at once`, async () => {
      const token = (await login(nodes[0], 0)).string('access_token');
      // What is kept of the policies is kept from here on.
      for (const node of nodes) expect((await read(node, token)).status).to.equal(200);
      for (let at = 0; at < CHANGES; at += 1) {
        const [told, other] = pair(at);
        const link = at % 2 === 0 ? [{ reference: 'Client/jwt' }] : [{ reference: 'Client/opaque' }];
        await told.put('/AccessPolicy/all', { engine: 'allow', link });
        expect((await read(other, token)).status, `${at} on the other node`).to.equal(at % 2 === 0 ? 403 : 200);
        expect((await read(told, token)).status, `${at} on the same node`).to.equal(at % 2 === 0 ? 403 : 200);
      }
      const link = [{ reference: 'Client/opaque' }, { reference: 'Client/jwt' }];
      await nodes[0].put('/AccessPolicy/all', { engine: 'allow', link });
    }).timeout(600_000);

    it(`a changed secret at another node: ${SECRETS} changes, each ends what was before at once`, async () => {
      const put = (node: Api, secret: string) =>
        node.put('/Client/changing', { secret, grant_types: ['client_credentials', 'basic'] });
      // Wrong secrets are counted by address, and each change comes with one.
      const proof = (secret: string, change: number): RequestOptions => {
        return { as: { basic: ['changing', secret] }, headers: { 'x-forwarded-for': `198.51.100.${change}` } };
      };
      const enter = (node: Api, secret: string, change: number) =>
        node.token({ grant_type: 'client_credentials' }, proof(secret, change));
      // A secret that was verified before: its Client is remembered.
      const readAgain = (node: Api, secret: string, change: number) =>
        node.request('GET', '/Patient', proof(secret, change));
      await put(nodes[0], 'secret-0');
      await nodes[0].put('/AccessPolicy/changing', { engine: 'allow', link: [{ reference: 'Client/changing' }] });
      for (let at = 1; at <= SECRETS; at += 1) {
        const [told, other] = pair(at);
        const token = (await enter(other, `secret-${at - 1}`, at)).string('access_token');
        expect((await read(other, token)).status).to.equal(200);
        expect((await readAgain(other, `secret-${at - 1}`, at)).status).to.equal(200);
        await put(told, `secret-${at}`);
        expect((await readAgain(other, `secret-${at - 1}`, at)).status, `${at}: remembered`).to.equal(401);
        expect((await read(other, token)).status, `${at}: its tokens`).to.equal(401);
        expect((await enter(other, `secret-${at - 1}`, at)).status, `${at}: the secret before`).to.equal(401);
        expect((await enter(other, `secret-${at}`, at)).status, `${at}: the secret now`).to.equal(200);
      }
    }).timeout(600_000);

    it(`with every connection to the database cut around the revocation: the same, ${CUTS} times`, async () => {
      for (let at = 0; at < CUTS; at += 1) {
        const [told, other] = pair(at);
        const token = (await persistently(() => login(told, at))).string('access_token');
        for (const node of nodes) expect((await persistently(() => read(node, token))).status).to.equal(200);
        if (at % 2 === 0) await database.cut();
        expect((await persistently(() => revoke(told, at, token))).status).to.equal(200);
        let cut = at % 2 === 0;
        const cutting = cut
          ? undefined
          : database.cut().finally(() => {
              cut = true;
            });
        do expect((await read(other, token)).status, `${at} on the other node`).to.be.oneOf([401, 503]);
        while (!cut);
        await cutting;
        expect((await persistently(() => read(other, token))).status, `${at} on the other node`).to.equal(401);
        expect((await persistently(() => read(told, token))).status, `${at} on the same node`).to.equal(401);
      }
    }).timeout(600_000);
  });
}
