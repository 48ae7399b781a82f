/** The first start on an empty database greets with what works when pasted; later ones do not. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { needsCurl } from '../harness/curl.ts';
import { freshDatabase, type TestDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { startServer } from '../harness/server.ts';
import { run } from './command.ts';
import { until } from './poll.ts';

const curls = (text: string): string[] => text.split('\n').filter((line) => line.includes('curl '));

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
