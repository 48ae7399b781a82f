/** `migrate`, `seed`, `reset-root` and the knex command line: what an operator does beside the server. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { loadSeeds } from '../../seeds/load.ts';
import { readConfig } from '../../server/config.ts';
import { openWard } from '../../server/open.ts';
import { serverEntry } from '../harness/build.ts';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { run } from './command.ts';

const KNEX = ['--import', 'tsx', 'node_modules/knex/bin/cli.js'];
const COMMANDS: Record<string, string[]> = {
  migrate: ['dist/commands/migrate.js'],
  seed: ['dist/commands/seed.js'],
  'reset-root': ['dist/commands/reset-root.js'],
  'knex migrate:latest': [...KNEX, 'migrate:latest'],
  'knex seed:run': [...KNEX, 'seed:run'],
};

describe('server: commands', () => {
  let database: TestDatabase;
  let folder: string;
  beforeEach(async () => {
    serverEntry();
    folder = await mkdtemp(path.join(tmpdir(), 'ward-commands-'));
    database = await freshDatabase();
    // As on a fresh clone: the folder of the database is not there yet.
    if (database.kind === 'sqlite') database = { ...database, url: `sqlite:${path.join(folder, 'data/new/ward.db')}` };
  });
  afterEach(async () => {
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const command = (name: string, env: Record<string, string> = {}) =>
    run(process.execPath, COMMANDS[name] ?? [], { DATABASE_URL: database.url, ...env });
  const done = async (name: string, env?: Record<string, string>): Promise<string> => {
    const { code, output } = await command(name, env);
    expect(code, output).to.equal(0);
    return output;
  };
  const start = () => startClockedServer({ ROOT_CLIENT_SECRET: '' }, database);
  const secretIn = (output: string): string =>
    /^ {2}secret +([\w-]{32})$|secret: ([\w-]{32})$/m.exec(output)?.[1] ?? '';

  it('migrate makes the tables and no root client; the knex command line then has nothing to do', async () => {
    expect(await done('migrate', { ROOT_CLIENT_SECRET: 'supplied-secret' })).to.equal(
      'Migrated: 001_initial, 002_lineage.\n',
    );
    expect(await done('knex migrate:latest')).to.equal('Already up to date\n');
    const ward = await openWard(readConfig({ DATABASE_URL: database.url }));
    expect(ward.root).to.include({ outcome: 'created' });
    await ward.close();
  });

  it('the knex command line makes the tables; migrate then has nothing to do', async () => {
    expect(await done('knex migrate:latest')).to.include('Batch 1 run: 2 migrations');
    expect(await done('migrate')).to.equal('Already up to date.\n');
  });

  for (const name of ['seed', 'knex seed:run']) {
    it(`${name} on an empty database prints the secret of root, which holds, and the seeds work`, async () => {
      const output = await done(name);
      expect(output.match(/The database was empty/g)).to.have.length(1);
      expect(output).to.match(/^Seeded: 110 created, 0 updated, 0 unchanged\.$/m);
      const server = await start();
      const as = { basic: ['root', secretIn(output)] } as const;
      const counted = await server.request('GET', '/Patient?_summary=count', { as });
      expect(counted.at('total'), counted.text).to.equal(100);
      const client = { basic: ['api-client', 'verysecret'] } as const;
      const form = 'grant_type=client_credentials';
      expect((await server.request('POST', '/auth/token', { as: client, form })).status).to.equal(200);
      await server.stop();
    });
  }

  it('seed again changes nothing; that a supplied secret was reset is told, and not which', async () => {
    const ward = await openWard(readConfig({ DATABASE_URL: database.url }));
    await loadSeeds(ward);
    await ward.close();
    const output = await done('seed', { ROOT_CLIENT_SECRET: 'supplied-secret' });
    expect(output).to.match(/^Seeded: 0 created, 0 updated, 110 unchanged\.$/m);
    expect(output)
      .to.match(/secret of the root client root was reset/)
      .and.to.not.match(/supplied-secret/);
  });

  it('reset-root on an empty database prints one secret, and that one holds', async () => {
    const output = await done('reset-root');
    expect(output.match(/secret +[\w-]{32}|new secret/g)).to.have.length(1);
    const server = await start();
    const as = { basic: ['root', secretIn(output)] } as const;
    expect((await server.request('GET', '/Client', { as })).status).to.equal(200);
    await server.stop();
  });

  it('reset-root is refused where the next start would undo it, naming variable and remedy', async () => {
    const file = path.join(folder, 'secret');
    await writeFile(file, 'of-the-file');
    const settings = { ROOT_CLIENT_SECRET: 'supplied-secret', ROOT_CLIENT_SECRET_FILE: file };
    for (const [variable, value] of Object.entries(settings)) {
      const { code, output } = await command('reset-root', { [variable]: value });
      expect(code).to.equal(1);
      expect(output).to.match(new RegExp(`^reset-root failed: ${variable} is set, [^\\n]*unset it[^\\n]*\\n$`));
      expect(output).to.not.match(/supplied-secret|of-the-file/);
    }
  });

  it('a bad setting is told in one line', async () => {
    const env = { DATABASE_URL: 'mysql://x' };
    for (const { code, output } of await Promise.all(['migrate', 'knex seed:run'].map((name) => command(name, env)))) {
      expect(code).to.equal(1);
      expect(output).to.match(/^(migrate|knex) failed: DATABASE_URL [^\n]+\n$/);
    }
  });

  if (DATABASE_KIND === 'sqlite') {
    it('beside a running server they are refused in one line with the remedy', async () => {
      const server = await start();
      const refused = ['migrate', 'seed', 'reset-root', 'knex seed:run'];
      for (const { code, output } of await Promise.all(refused.map((name) => command(name)))) {
        expect(code, output).to.equal(1);
        expect(output).to.match(/^[\w-]+ failed: \S+ is in use by process \d+: [^\n]*Stop that process first[^\n]*\n$/);
      }
      await server.stop();
    });
  }
});
