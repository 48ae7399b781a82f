/** `npm run torture` with one kill: it reports what it found, and what it could not check. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { serverEntry } from '../harness/build.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { run } from '../server/command.ts';
import { HAS_STRACE } from './trace.ts';

describe('kill: npm run torture', () => {
  const torture = (...args: string[]) => {
    serverEntry();
    const env = { TEST_BUILT: '1', TEST_DATABASE_URL: process.env['TEST_DATABASE_URL'] ?? '' };
    return run(process.execPath, ['--import', 'tsx', 'test/kill/torture.ts', ...args], env);
  };

  it('tells of the kills, and of the flushes where they can be seen', async () => {
    const { code, output } = await torture('1');
    expect(code, output).to.equal(0);
    expect(output).to.match(/^Kills: 1\. Writes answered before them: [1-9]\d*, all there\. Under way: \d+, /m);
    const seen = HAS_STRACE ? /^Flushes: \d+ groups of writes, 400 answers, each after the flush/m : /NOT CHECKED/;
    expect(output).to.match(DATABASE_KIND === 'sqlite' ? seen : /^Flushes: not looked at/m);
  });

  // The check precedes the use of a database.
  if (DATABASE_KIND === 'sqlite') {
    it('refuses what is no number', async () => {
      for (const args of [['many'], ['0'], ['1', '2']]) {
        const { code, output } = await torture(...args);
        expect([code, output]).to.eql([1, 'Name a number of kills, or none for 100: npm run torture -- 10\n']);
      }
    });
  }
});
