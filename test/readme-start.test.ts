/** What a newcomer does first, in a clone: the README's two commands, and then what the first prints, as it is. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Clone, cloneProject } from './harness/clone.ts';
import { needsCurl } from './harness/curl.ts';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from './harness/database.ts';
import { NPM_BLOCKS } from './readme.ts';

const [START = '', TEST = ''] = NPM_BLOCKS;
const { PATH, HOME } = process.env;

describe('the first commands of the README', () => {
  let clone: Clone;
  let database: TestDatabase;
  let child: ChildProcess;
  let printed = '';

  before(async () => {
    database = await freshDatabase();
    clone = cloneProject();
    const env = { PATH, HOME, PORT: '0', DATABASE_URL: database.url };
    // A group of its own, so that what npm starts can be stopped with it.
    child = spawn('bash', ['-c', START], {
      cwd: clone.folder,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.stdout?.on('data', (chunk) => {
      printed += String(chunk);
    });
    while (!/name=lovelace/.test(printed) && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 20));
  });
  after(async () => {
    if (child.exitCode === null) {
      const ended = once(child, 'exit');
      process.kill(-(child.pid ?? 0), 'SIGTERM');
      await ended;
    }
    clone.remove();
    await database.drop();
  });

  it('start a server that prints the root client, once, with a secret of its own making', () => {
    expect(START).to.equal('npm install && npm start\n');
    expect(printed)
      .to.match(/id\s+root\n/)
      .and.to.match(/secret\s+[\w-]{32,}\n/);
  });

  it('print three lines that work as they are: a token, a patient, a search', function () {
    needsCurl(this);
    const lines = printed.split('\n').filter((line) => /\bcurl\b/.test(line));
    expect(lines).to.have.length(3);
    const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', lines.join('\n')]);
    expect(status, String(stderr)).to.equal(0);
    expect(String(stdout))
      .to.match(/family: Lovelace/)
      .and.to.match(/"total":\s*1\b/);
  });

  // The command tests every database that there is; that it runs is shown once.
  if (DATABASE_KIND === 'sqlite') {
    it('test it, and end with a count', () => {
      expect(TEST).to.equal('npm install && npm test\n');
      // All suites would run this one again; one that starts a server shows that the command runs and leaves nothing.
      const left = path.join(clone.folder, 'left');
      mkdirSync(left);
      const env = { PATH, HOME, TMPDIR: left, TEST_SUITES: 'test/server/cors.test.ts' };
      const { status, stdout } = spawnSync('bash', ['-c', TEST], { cwd: clone.folder, env, encoding: 'utf8' });
      expect(status, stdout).to.equal(0);
      expect(stdout).to.match(/\n[1-9]\d* passed, 0 failed\n$/);
      expect(readdirSync(left).filter((name) => name.startsWith('ward-'))).to.eql([]);
    });
  }
});
