/** `/health` says whether the database answers, to anyone, and nothing else. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { DATABASE_KIND, freshDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { startRelay, through } from '../harness/relay.ts';
import { asRoot } from '../harness/server.ts';

describe('server: health', () => {
  it('200 while the database answers, without credentials, whatever is asked for', async () => {
    const server = await startClockedServer();
    for (const headers of [{}, { accept: 'application/xml' }, { authorization: 'Bearer nonsense' }]) {
      const reply = await server.request('GET', '/health', { headers });
      expect([reply.status, reply.body]).to.deep.equal([200, { status: 'pass' }]);
    }
    await server.stop();
  });

  // A SQLite file that is open cannot be taken away.
  if (DATABASE_KIND === 'postgres') {
    it('503 when the database is gone; other requests are told to come back, and the server stays', async () => {
      const database = await freshDatabase();
      const server = await startClockedServer({}, database);
      expect((await server.request('GET', '/Patient', { as: asRoot })).status).to.equal(200);
      await database.drop();
      const health = await server.request('GET', '/health');
      expect([health.status, health.body]).to.deep.equal([503, { status: 'fail' }]);
      for (const [method, path] of [
        ['GET', '/Patient/x'],
        ['GET', '/Patient'],
        ['PUT', '/Patient/x'],
      ] as const) {
        const reply = await server.request(method, path, { as: asRoot, ...(method === 'PUT' ? { json: {} } : {}) });
        expect([reply.status, reply.at('issue.0.code')], `${method} ${path}`).to.deep.equal([503, 'transient']);
        expect(reply.header('retry-after')).to.match(/^\d+$/);
        expect(reply.text).to.not.match(/postgres|ward_test|ECONN|terminat/i);
      }
      const token = await server.request('POST', '/auth/token', { as: asRoot, form: 'grant_type=client_credentials' });
      expect(token.status).to.equal(503);
      await server.stop();
    });

    it('503 in time when the host of the database has vanished', async () => {
      const database = await freshDatabase();
      const relay = await startRelay(Number(new URL(database.url).port || 5432));
      const server = await startClockedServer({}, through(relay, database));
      expect((await server.request('GET', '/health')).status).to.equal(200);
      relay.vanish();
      const begun = performance.now();
      const health = await server.request('GET', '/health', { timeout: 60_000 });
      expect([health.status, health.body]).to.deep.equal([503, { status: 'fail' }]);
      expect(performance.now() - begun, 'milliseconds').to.be.below(4000);
      relay.cut();
      await server.stop();
      await relay.close();
      await database.drop();
    });
  }
});
