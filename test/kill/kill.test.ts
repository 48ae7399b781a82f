/** A server that is killed under load keeps every answered write, and nothing half-written. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { openDatabase } from '../../server/database.ts';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from '../harness/database.ts';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';
import { checkIndex, reconcile } from './inspection.ts';
import { create, type Ledger, write } from './writers.ts';

const KILLS = 10;
const WRITERS = 12;

describe('kill', () => {
  let database: TestDatabase;
  let server: TestServer;
  const changing: Ledger[] = Array.from({ length: WRITERS }, (_, at) => ({
    id: `w${at}`,
    answered: [],
    pending: undefined,
  }));
  const made: Ledger[] = [];

  before(async () => {
    database = await freshDatabase();
    server = await startServer({ database });
  });
  after(async () => {
    await server.stop();
    await database.drop();
  });

  for (let round = 1; round <= KILLS; round += 1) {
    it(`keeps what it answered before kill ${round}`, async function () {
      this.timeout(30_000);
      const fresh: Ledger[] = [];
      const writing = [
        ...changing.map((ledger) => write(server, ledger)),
        ...['a', 'b', 'c', 'd'].map((name) => create(server, `r${round}${name}`, fresh)),
      ];
      // Each round dies at another point, and not before something was answered.
      const answered = () => [...changing, ...fresh].reduce((sum, ledger) => sum + ledger.answered.length, 0);
      const enough = answered() + 24 + 11 * round;
      const over = Promise.all(writing);
      let isOver = false;
      over
        .finally(() => {
          isOver = true;
        })
        .catch(() => undefined);
      while (answered() < enough && !isOver) await new Promise((resolve) => setTimeout(resolve, round));
      await server.kill();
      await over;
      server = await startServer({ database });
      await Promise.all([...changing, ...fresh].map((ledger) => reconcile(server, ledger)));
      await checkIndex(server, [...changing, ...fresh]);
      made.push(...fresh);
    });
  }

  it('holds nothing but what was written, after all of them', async () => {
    const stored = [...changing, ...made].filter(({ answered }) => answered.length > 0).length;
    const reply = await server.request('GET', '/Patient?_total=accurate&_count=1', { as: asRoot });
    expect(reply.at('total')).to.equal(stored);
  });

  it('flushes each commit of its writer to the disk', async function () {
    if (DATABASE_KIND !== 'sqlite') this.skip();
    const other = await freshDatabase();
    const opened = await openDatabase(other.url);
    const writer = await opened.openWriter();
    const FULL = 2;
    expect(await writer.all('PRAGMA synchronous')).to.eql([{ synchronous: FULL }]);
    expect(await writer.all('PRAGMA journal_mode')).to.eql([{ journal_mode: 'wal' }]);
    await writer.close();
    await opened.close();
    await other.drop();
  });
});
