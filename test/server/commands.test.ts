/** `npm run migrate`, `npm run seed`, a database in memory: what an operator does beside the server. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from '../harness/database.ts';
import { asRoot, startServer } from '../harness/server.ts';
import { run } from './command.ts';

describe('server: commands', () => {
  let database: TestDatabase;
  let folder: string;
  beforeEach(async () => {
    database = await freshDatabase();
    folder = await mkdtemp(path.join(tmpdir(), 'ward-commands-'));
  });
  afterEach(async () => {
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const npm = (name: string, env: Record<string, string> = {}) =>
    run('npm', ['run', '--silent', name], { DATABASE_URL: database.url, ...env });

  it('npm run migrate makes the tables that the server takes; again it has nothing to do', async () => {
    const first = await npm('migrate');
    expect(first.code, first.output).to.equal(0);
    expect(first.output).to.match(/001_initial|1 migrations/);
    const again = await npm('migrate');
    expect(again.output).to.match(/Already up to date/);
    const server = await startServer({ database });
    expect((await server.request('GET', '/Client', { as: asRoot })).list('entry')).to.have.length(1);
    await server.stop();
  }).timeout(30_000);

  it('npm run seed fills an empty database; again it changes nothing', async () => {
    for (const round of [1, 2]) {
      const { code, output } = await npm('seed');
      expect(code, `round ${round}: ${output}`).to.equal(0);
    }
    const server = await startServer({ database });
    const find = (path: string) => server.request('GET', path, { as: asRoot });
    expect((await find('/Patient?_summary=count')).at('total')).to.equal(100);
    for (const type of ['Patient', 'Client', 'User', 'AccessPolicy']) {
      const entries = (await find(`/${type}?_count=1000`)).list('entry') as {
        resource: { id: string; meta: object };
      }[];
      expect(entries.length).to.be.above(1);
      for (const { resource } of entries) {
        // The root client has another secret since this start.
        if (resource.id !== 'root') expect(resource.meta, `${type}/${resource.id}`).to.include({ versionId: '1' });
      }
    }
    const as = { basic: ['api-client', 'verysecret'] } as const;
    const granted = await server.request('POST', '/auth/token', { as, form: 'grant_type=client_credentials' });
    expect(granted.status, granted.text).to.equal(200);
    await server.stop();
  }).timeout(60_000);

  if (DATABASE_KIND === 'sqlite') {
    it('sqlite::memory: serves, and leaves nothing behind', async () => {
      const server = await startServer({ env: { DATABASE_URL: 'sqlite::memory:', TMPDIR: folder } });
      expect((await server.request('PUT', '/Patient/p', { as: asRoot, json: {} })).status).to.equal(201);
      expect((await server.request('GET', '/Patient/p', { as: asRoot })).status).to.equal(200);
      expect(await readdir(folder)).to.have.length(1);
      expect(await server.stop()).to.equal(0);
      expect(await readdir(folder)).to.deep.equal([]);
    });

    it('reset-root and seed beside a running server are refused with the remedy', async () => {
      const server = await startServer({ database });
      const commands = [
        ['dist/commands/reset-root.js'],
        ['--import', 'tsx', 'node_modules/knex/bin/cli.js', 'seed:run'],
      ];
      for (const args of commands) {
        const { code, output } = await run(process.execPath, args, { DATABASE_URL: database.url });
        expect(code).to.equal(1);
        expect(output).to.match(/is in use by process \d+/);
        if (args.length === 1) expect(output).to.match(/^[^\n]+\n$/);
      }
      await server.stop();
    });
  }
});
