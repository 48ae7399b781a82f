/** The commands that the README names, on a database of their own: migrate, seed, reset-root. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { freshDatabase, type TestDatabase } from './harness/database.ts';
import { asRoot, ROOT, startServer } from './harness/server.ts';

describe('commands of the README', () => {
  let database: TestDatabase;
  before(async () => {
    database = await freshDatabase();
  });
  after(() => database.drop());

  const run = async (script: string): Promise<string> => {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, DATABASE_URL: database.url, ROOT_CLIENT_SECRET: ROOT.secret };
    const { stdout } = await promisify(execFile)('npm', ['run', '--silent', script], { env });
    return stdout;
  };

  it('npm run migrate makes the tables, and npm run seed fills them, again and again', async function () {
    this.timeout(60_000);
    await run('migrate');
    await run('seed');
    await run('seed');
    const server = await startServer({ database });
    const patients = await server.request('GET', '/Patient?_total=accurate&_count=1', { as: asRoot });
    expect(patients.at('total')).to.equal(100);
    const first = await server.request('GET', '/Patient?_count=1', { as: asRoot });
    expect(first.at('entry.0.resource.meta.versionId')).to.equal('1');
    await server.stop();
  });

  it('npm run reset-root prints a new secret for the root client, and the old one ends', async function () {
    this.timeout(60_000);
    const secret = /: ([\w-]{32,})\n/.exec(await run('reset-root'))?.[1] ?? '';
    // The secret of the settings would be set again at the start.
    const server = await startServer({ database, env: { ROOT_CLIENT_SECRET: '' } });
    const as = { basic: [ROOT.id, secret] } as const;
    expect((await server.request('GET', '/Client', { as })).status).to.equal(200);
    expect((await server.request('GET', '/Client', { as: asRoot })).status).to.equal(401);
    await server.stop();
  });
});
