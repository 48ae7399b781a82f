/** What a newcomer does first: `npm start`, and then what it prints, as it is printed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { needsCurl } from './harness/curl.ts';
import { freshDatabase, type TestDatabase } from './harness/database.ts';

describe('npm start', () => {
  let database: TestDatabase;
  let child: ChildProcess;
  let printed = '';

  before(async function () {
    this.timeout(30_000);
    database = await freshDatabase();
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, PORT: '0', DATABASE_URL: database.url };
    // A group of its own, so that what npm starts can be stopped with it.
    child = spawn('npm', ['start'], { env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout?.on('data', (chunk) => {
      printed += String(chunk);
    });
    while (!/name=lovelace/.test(printed) && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 20));
  });
  after(async () => {
    const ended = once(child, 'exit');
    process.kill(-(child.pid ?? 0), 'SIGTERM');
    await ended;
    await database.drop();
  });

  it('prints the root client, once, with a secret of its own making', () => {
    expect(printed)
      .to.match(/id\s+root\n/)
      .and.to.match(/secret\s+[\w-]{32,}\n/);
  });

  it('prints three lines that work as they are: a token, a patient, a search', function () {
    needsCurl(this);
    const lines = printed.split('\n').filter((line) => /\bcurl\b/.test(line));
    expect(lines).to.have.length(3);
    const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', lines.join('\n')]);
    expect(status, String(stderr)).to.equal(0);
    expect(String(stdout))
      .to.match(/family: Lovelace/)
      .and.to.match(/"total":\s*1\b/);
  });
});
