/** The first start on an empty database greets with what works when pasted; later ones do not. */
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { SqliteConnection } from '../../resources/dialects/sqlite.ts';
import { needsCurl } from '../harness/curl.ts';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { listeningPort, spawnServer } from '../harness/process.ts';
import { startServer, TEST_SETTINGS } from '../harness/server.ts';
import { run } from './command.ts';
import { until } from './poll.ts';

const curls = (text: string): string[] => text.split('\n').filter((line) => line.includes('curl '));

/** False, too, where there is no database, or none that is ready. */
async function hasClient(file: string): Promise<boolean> {
  if (!existsSync(file)) return false;
  const reader = await SqliteConnection.open(file, 'reader').catch(() => undefined);
  const found = await reader?.all("SELECT 1 FROM resource WHERE type = 'Client'").catch(() => []);
  await reader?.close();
  return found?.length === 1;
}

describe('server: first start', () => {
  let database: TestDatabase;
  let secret: string;
  before(async () => {
    database = await freshDatabase();
  });
  after(() => database.drop());

  it('prints a root client that may do everything, and three lines that work when they are pasted', async function () {
    needsCurl(this);
    const server = await startClockedServer({ ROOT_CLIENT_SECRET: '' }, database);
    const output = server.welcome;
    expect(output).to.include('The database was empty');
    expect(/^ {2}id +(\S+)$/m.exec(output)?.[1]).to.equal('root');
    secret = /^ {2}secret +(\S+)$/m.exec(output)?.[1] ?? '';
    expect(secret).to.match(/^[\w-]{32}$/);

    const lines = curls(output);
    expect(lines).to.have.length(3);
    const { code, output: told } = await run('bash', ['-c', lines.join('\necho ---\n')], {});
    const [, made, found] = told.split('---\n');
    expect(code).to.equal(0);
    expect(made)
      .to.match(/^resourceType: Patient$/m)
      .and.to.match(/family: Lovelace/);
    expect(JSON.parse(found ?? '')).to.include({ type: 'searchset', total: 1 });
    const read = (path: string) => server.request('GET', path, { as: { basic: ['root', secret] } });
    expect((await read('/Client/root')).at('grant_types')).to.deep.equal(['basic', 'client_credentials']);
    expect((await read('/AccessPolicy')).list('entry')).to.have.length(1);
    expect((await read('/AccessPolicy/root')).body).to.deep.include({
      engine: 'allow',
      link: [{ reference: 'Client/root' }],
    });
    expect((await read('/User')).list('entry')).to.have.length(0);
    await server.stop();
  });

  it('a start that is asked to stop once it has made a root client tells its secret first', async function () {
    if (DATABASE_KIND !== 'sqlite') this.skip();
    for (let round = 0; round < 3; round += 1) {
      const empty = await freshDatabase();
      const file = empty.url.slice('sqlite:'.length);
      const settings = { ...TEST_SETTINGS, ROOT_CLIENT_SECRET: '', LOG_LEVEL: 'silent', DATABASE_URL: empty.url };
      const first = spawnServer({ ...settings, SIGNING_ALG: 'RS256' });
      await until('it has made a client', () => hasClient(file));
      first.child.kill('SIGTERM');
      expect(await first.ended, first.output()).to.equal(0);
      const second = spawnServer(settings);
      await listeningPort(second);
      second.child.kill('SIGTERM');
      await second.ended;
      expect((first.output() + second.output()).match(/^ {2}secret +\S+$/gm)).to.have.length(1);
      await empty.drop();
    }
  });

  it('the next start prints neither, and the secret still holds', async () => {
    const server = await startClockedServer({ ROOT_CLIENT_SECRET: '' }, database);
    expect((await server.request('GET', '/Patient/ada', { as: { basic: ['root', secret] } })).status).to.equal(200);
    await server.stop();
    expect(server.welcome).to.equal('');
  });

  it('a supplied secret and id are taken, the secret is not printed, and the lines work', async function () {
    needsCurl(this);
    const env = { ROOT_CLIENT_ID: 'admin', ROOT_CLIENT_SECRET: 'supplied-$ecret "of" mine: %41+' };
    const server = await startServer({ env });
    await until('the greeting', () => server.output().includes('lovelace"'));
    const lines = curls(server.output());
    const { output } = await run('bash', ['-c', lines.join('\n')], { ROOT_CLIENT_SECRET: env.ROOT_CLIENT_SECRET });
    expect(output).to.include('"total":1');
    await server.stop();
    expect(server.output()).to.include('The database was empty').and.to.not.include('$ecret');
  });
});
