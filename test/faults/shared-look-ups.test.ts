/** What is looked up once for all who ask meanwhile, and takes long: nobody waits for it without bound. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import { type Api, apiOf } from '../auth/http/api.ts';
import { DATABASE_KIND, type TestDatabase } from '../harness/database.ts';
import type { RequestOptions } from '../harness/http.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { asRoot } from '../harness/server.ts';

// The one process of a SQLite file is told of each change, and nobody else locks a table for it.
(DATABASE_KIND === 'postgres' ? describe : describe.skip)('faults: look-ups that many share', () => {
  let database: TestDatabase;
  let node: Api;
  before(async () => {
    database = await preparedDatabase();
    node = apiOf(await startClockedServer({}, database), '');
    await node.put('/Client/app', { secret: 'a', grant_types: ['basic'], allowed_origins: ['http://app.example'] });
    await node.put('/AccessPolicy/app', { engine: 'allow', link: [{ reference: 'Client/app' }] });
  });
  after(async () => {
    await node.stop();
    await database.drop();
  });

  const ROWS: [what: string, path: string, options: RequestOptions, otherwise: number][] = [
    ['Clients', '/Patient', { as: { basic: ['app', 'a'] } }, 200],
    ['policies', '/Patient', {}, 401],
    ['origins', '/health', { headers: { Origin: 'http://app.example' } }, 200],
  ];
  for (const [what, path, options, otherwise] of ROWS) {
    it(`whoever waits for that of ${what} is refused in time, and served once it is done`, async () => {
      const ask = () => node.request('GET', path, { ...options, timeout: 60_000 });
      expect((await ask()).status).to.equal(otherwise);
      // What is remembered is outdated by it.
      const changed = `${what}-${performance.now()}`.replace('.', '-');
      await node.put(`/Client/${changed}`, { allowed_origins: ['http://other.example'] });
      const other = new pg.Client({ connectionString: database.url });
      await other.connect();
      await other.query('BEGIN; LOCK TABLE resource IN ACCESS EXCLUSIVE MODE');
      const begun = performance.now();
      const replies = await Promise.all(Array.from({ length: 20 }, ask)).finally(() => other.end());
      expect(performance.now() - begun, 'milliseconds').to.be.below(10_000);
      for (const reply of replies) {
        expect([reply.status, reply.header('retry-after')]).to.deep.equal([503, '1']);
      }
      expect((await node.request('GET', '/Patient', { as: asRoot })).status).to.equal(200);
      expect((await ask()).status).to.equal(otherwise);
    });
  }
});
