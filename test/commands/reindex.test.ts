import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Transaction } from '../../resources/engine.ts';
import { INDEX_TABLES } from '../../resources/search/index/tables.ts';
import { loadSeeds } from '../../seeds/load.ts';
import { readConfig } from '../../server/config.ts';
import { openWard, type Ward } from '../../server/open.ts';
import { serverEntry } from '../harness/build.ts';
import { DATABASE_KIND, type TestDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { ROOT, startServer } from '../harness/server.ts';
import { command } from './program.ts';

const ALL = INDEX_TABLES.map(({ name }) => name);

/** What may have become of index rows, as an older version may have made them. */
const DAMAGE = [
  ...ALL.map((table) => `DELETE FROM ${table} WHERE key % 3 = 0`),
  "UPDATE search_token SET code = code || 'x' WHERE key % 3 = 1",
  'UPDATE search_date SET edge = 0 WHERE key % 3 = 1',
  'UPDATE search_quantity SET unit = unit WHERE key % 3 = 1',
  "INSERT INTO search_string (param, folded, exact, edge, key) SELECT 1, 'old', 'old', 3, key FROM resource",
];

describe('npm run reindex', () => {
  let database: TestDatabase;
  before(async () => {
    serverEntry();
    database = await preparedDatabase();
    const imported = await command('import', ['test/data/examples.ndjson'], database);
    expect(imported.code, imported.output).to.equal(0);
    await opened(loadSeeds);
    await work(async (transaction) => {
      const [first] = await transaction.matches('Patient', [], 1);
      expect(await transaction.remove('Patient', first?.id ?? '', { by: 'server' })).to.include({ outcome: 'deleted' });
    });
  });
  after(() => database.drop());

  /** Does something in the database as the server would. */
  async function opened<Result>(job: (ward: Ward) => Promise<Result>): Promise<Result> {
    const ward = await openWard(readConfig({ DATABASE_URL: database.url, ROOT_CLIENT_SECRET: ROOT.secret }));
    const result = await job(ward);
    await ward.close();
    return result;
  }
  const work = <Result>(job: (transaction: Transaction) => Promise<Result>) =>
    opened(({ engine }) => engine.transact(job));

  /** Every index row, or those of a type. */
  function rows(type = '%'): Promise<string[]> {
    return work(async (transaction) => {
      const found: string[] = [];
      for (const table of ALL) {
        const sql = `SELECT * FROM ${table} WHERE key IN (SELECT key FROM resource WHERE type LIKE ?)`;
        for (const row of await transaction.all<object>(sql, [type])) found.push(`${table} ${JSON.stringify(row)}`);
      }
      return found.sort();
    });
  }

  const damage = () =>
    work(async (transaction) => {
      for (const sql of DAMAGE) await transaction.run(sql);
    });

  it('makes the rows of every type what they were, and finds none to change then', async () => {
    const whole = await rows();
    await damage();
    expect(await rows()).to.not.eql(whole);
    const { code, output } = await command('reindex', ['--all'], database);
    expect(code, output).to.equal(0);
    expect(output).to.match(
      new RegExp(
        `^\\d+ resources, \\d+ of them updated, in [\\d.]+ s \\(\\d+/s\\), in the ${database.kind} database\\n$`,
      ),
    );
    expect(await rows()).to.eql(whole);
    expect((await command('reindex', ['--all'], database)).output).to.include(', 0 of them updated, ');
  });

  it('a start tells that the index is of another version, until that of every type was made anew', async () => {
    const told = async () => {
      const server = await startServer({ database });
      await server.stop();
      return /"level":40,[^\n]*npm run reindex -- --all/.test(server.output());
    };
    expect(await told()).to.equal(false);
    await work((transaction) => transaction.run("UPDATE init_entry SET digest = '0' WHERE id = '*'"));
    expect((await command('reindex', ['Patient'], database)).code).to.equal(0);
    expect(await told()).to.equal(true);
    expect((await command('reindex', ['--all'], database)).code).to.equal(0);
    expect(await told()).to.equal(false);
  });

  it('of the types that it is given, and of no others', async () => {
    const [patients, valueSets] = [await rows('Patient'), await rows('ValueSet')];
    await damage();
    const damaged = await rows('ValueSet');
    const { code, output } = await command('reindex', ['Patient', 'Patient'], database);
    expect(code, output).to.equal(0);
    expect(await rows('Patient')).to.eql(patients);
    expect(await rows('ValueSet'))
      .to.eql(damaged)
      .and.not.eql(valueSets);
    expect((await command('reindex', ['--all'], database)).code).to.equal(0);
  });

  it('without a type, or with one that is not served, it says in a line what to do, and changes nothing', async () => {
    const wrong: [args: string[], line: RegExp][] = [
      [[], /^The reindex failed: name the types, [^\n]*--all[^\n]*\n$/],
      [['--every'], /^The reindex failed: name the types, [^\n]*--all[^\n]*\n$/],
      [
        ['Patient', 'patient', 'Ticket'],
        /^The reindex failed: there is no resource type patient, Ticket: [^\n]*DEFINITIONS\n$/,
      ],
    ];
    for (const [args, line] of wrong) {
      const { code, output } = await command('reindex', args, database);
      expect(code, output).to.equal(1);
      expect(output).to.match(line);
    }
  });

  it('beside a running server it is refused on SQLite, and works on PostgreSQL', async () => {
    const whole = await rows();
    await damage();
    const server = await startClockedServer({}, database);
    const { code, output } = await command('reindex', ['--all'], database);
    await server.stop();
    expect(code, output).to.equal(DATABASE_KIND === 'sqlite' ? 1 : 0);
    if (DATABASE_KIND === 'sqlite') expect(output).to.match(/ is in use by process \d+: [^\n]*Stop that process first/);
    else expect(await rows()).to.eql(whole);
  });
});
