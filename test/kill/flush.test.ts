/** A response follows a flush of the disk. SIGKILL cannot show that, because the page cache survives it. */
import { expect } from 'chai';
import { DATABASE_KIND } from '../harness/database.ts';
import { LONG } from '../harness/generated.ts';
import { startServer, type TestServer } from '../harness/server.ts';
import { HAS_STRACE, traceWrites } from './trace.ts';

const TRACED = LONG && DATABASE_KIND === 'sqlite' && HAS_STRACE;

/** Only in the long run, on SQLite, where strace is installed. */
(TRACED ? describe : describe.skip)('kill: the flush before an answer', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server.stop());

  it('stands before each answer of writes that come one by one', async () => {
    expect(await traceWrites(server, 1, 20)).to.eql({ answers: 20, groups: 20, early: [] });
  });

  it('stands between each group of writes and its first answer', async () => {
    const { answers, groups, early } = await traceWrites(server, 16, 20);
    expect([answers, early]).to.eql([320, []]);
    expect(groups).to.be.within(20, 319);
  });
});
