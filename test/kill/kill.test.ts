/** A server killed under load keeps every answered write, and no partial write. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { openDatabase } from '../../server/database/database.ts';
import { DATABASE_KIND, type TestDatabase } from '../harness/database.ts';
import { SEED } from '../harness/generated.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { Siege } from './siege.ts';

/** One for each point at which a round may kill. */
const KILLS = 10;

describe('kill', () => {
  let database: TestDatabase;
  let siege: Siege;

  before(async () => {
    database = await preparedDatabase();
    siege = new Siege(database);
    await siege.start();
  });
  after(async () => {
    await siege.stop();
    await database.drop();
  });

  for (let round = 1; round <= KILLS; round += 1) {
    it(`keeps what it answered before kill ${round}`, () => siege.kill(round, SEED + round));
  }

  it('holds nothing but what was written, after all of them', () => siege.checkAll());

  it('flushes each commit of its writer to the disk', async function () {
    if (DATABASE_KIND !== 'sqlite') this.skip();
    const other = await preparedDatabase();
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
