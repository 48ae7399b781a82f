import { expect } from 'chai';
import type { WriterConnection } from '../../resources/storage/connection.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { openedDatabase } from './opened.ts';

/** What SQLite tells of its log, in pages. */
interface Log {
  log: number;
  checkpointed: number;
}

/** A row that takes some hundred pages. */
const LONG = 'x'.repeat(500_000);

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

  it('stays for an import, whose writes nobody waits for one by one', async () => {
    const state = await logAfter(4, 'bulk');
    expect(state?.log).to.be.above(300);
    expect(state?.checkpointed).to.be.below(state?.log ?? 0);
  });
});

async function replace(connection: WriterConnection): Promise<void> {
  await connection.run('DELETE FROM server_key');
  await connection.run('INSERT INTO server_key (name, value) VALUES (?, ?)', ['long', LONG]);
}
