import { expect } from 'chai';
import type { WriterConnection } from '../../resources/storage/connection.ts';
import { Writer } from '../../resources/writing/writer.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { until } from '../server/poll.ts';
import { openedDatabase } from './opened.ts';

/** What SQLite tells of its log, in pages. */
interface Log {
  log: number;
  checkpointed: number;
}

/** A row that takes some hundred pages. */
const LONG = 'x'.repeat(500_000);
/** A row that takes more pages than the log should have. */
const TOO_LONG = 'x'.repeat(20_000_000);

/** A query that takes some tenths of a second. */
const SLOW =
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 800000) ' +
  'SELECT (SELECT count(*) FROM resource) + (SELECT count(*) FROM n)';

describe('The log of SQLite', () => {
  const database = openedDatabase();

  before(function () {
    if (DATABASE_KIND !== 'sqlite') this.skip();
  });

  async function logAfter(rows: number, work?: 'bulk'): Promise<Log | undefined> {
    const connection = await database().openWriter(work);
    try {
      await connection.all('PRAGMA wal_checkpoint(TRUNCATE)');
      for (let row = 0; row < rows; row += 1) await replace(connection);
      await connection.settle?.();
      return (await connection.all<Log>('PRAGMA wal_checkpoint(NOOP)'))[0];
    } finally {
      await connection.close();
    }
  }

  it('is brought into the file where it is long, before a commit has to do it', async () => {
    const state = await logAfter(4);
    expect(state?.log).to.be.within(300, 999);
    expect(state?.checkpointed).to.equal(state?.log);
  });

  it('stays where it is short', async () => {
    const state = await logAfter(1);
    expect(state?.log).to.be.within(1, 299);
    expect(state?.checkpointed).to.be.below(state?.log ?? 0);
  });

  it('begins anew where searches follow each other without a gap', async () => {
    const writer = await database().openWriter();
    await writer.all('PRAGMA wal_checkpoint(TRUNCATE)');
    let goesOn = true;
    const searches = Array.from({ length: 3 }, async (_, each) => {
      while (goesOn) await database().queries.all(`${SLOW} + ${each}`);
    });
    await replace(writer, TOO_LONG);
    let writes = 0;
    await until(
      'the log is short',
      async () => {
        writes += 1;
        await writer.run('UPDATE server_key SET value = ?', [String(writes)]);
        await writer.settle?.();
        return ((await writer.all<Log>('PRAGMA wal_checkpoint(NOOP)'))[0]?.log ?? 0) < 1000;
      },
      12_000,
    );
    goesOn = false;
    await Promise.all(searches);
    await writer.close();
  });

  it('is looked at after some groups, too, where the queue of writes is never empty', async () => {
    let looks = 0;
    const open = async () => {
      const connection = await database().openWriter();
      connection.settle = async () => {
        looks += 1;
      };
      return connection;
    };
    const { dialect } = database();
    const writer = new Writer({ dialect, clock: Date.now, group: { jobs: 1 }, open, afterCommit: () => undefined });
    await new Promise<void>((resolve) => {
      const next = (left: number) => writer.submit(async () => void (left > 0 ? next(left - 1) : resolve()));
      next(40);
    });
    await writer.close();
    expect(looks).to.equal(2);
  });

  it('stays for an import, whose writes nobody waits for one by one', async () => {
    const state = await logAfter(4, 'bulk');
    expect(state?.log).to.be.above(300);
    expect(state?.checkpointed).to.be.below(state?.log ?? 0);
  });
});

async function replace(connection: WriterConnection, value = LONG): Promise<void> {
  await connection.run('DELETE FROM server_key');
  await connection.run('INSERT INTO server_key (name, value) VALUES (?, ?)', ['long', value]);
}
