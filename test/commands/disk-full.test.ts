/** A command that finds no room on the disk says so, and goes on from there when it is run again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { serverEntry } from '../harness/build.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { ROOT } from '../harness/server.ts';
import { run } from '../server/command.ts';
import { programOf } from './program.ts';

/** No file may have more than half a megabyte: enough for an empty database. */
const LIMITED = 'ulimit -f 1000; exec "$0" "$@"';

if (DATABASE_KIND === 'sqlite') {
  describe('commands: no room on the disk', () => {
    let folder: string;
    before(async () => {
      serverEntry();
      folder = await mkdtemp(path.join(tmpdir(), 'ward-full-'));
    });
    after(() => rm(folder, { recursive: true }));

    it('seed tells in its line what the database said, and goes on when there is room', async () => {
      const env = { DATABASE_URL: `sqlite:${path.join(folder, 'ward.db')}`, ROOT_CLIENT_SECRET: ROOT.secret };
      const words = [programOf('seed')];
      const full = await run('sh', ['-c', LIMITED, process.execPath, ...words], env);
      expect(full.code, full.output).to.equal(1);
      expect(full.output).to.match(/^seed failed: [^\n]+ \([^\n]*SQLITE_(FULL|IOERR): [^\n]*\)$/m);
      const again = await run(process.execPath, words, env);
      expect(again.code, again.output).to.equal(0);
      expect(again.output).to.match(/^Seeded: \d+ created, 0 updated, \d+ unchanged\.$/m);
    });
  });
}
