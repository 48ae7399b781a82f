/** The floor of a write: inserts the same resources and index rows in batches with sqlite3 alone. */
import { rm } from 'node:fs/promises';
import sqlite3 from 'sqlite3';
import { INDEX_TABLES } from '../../resources/search/index/tables.ts';
import { openDatabase } from '../../server/database/database.ts';

export interface InsertFloor {
  /** The database file to copy resources and index rows from. */
  source: string;
  /** The file to insert into; it is recreated. */
  target: string;
  /** Resources per commit. */
  group: number;
  seconds: number;
}

type Row = Record<string, string | number>;

interface Table {
  name: string;
  columns: string[];
  /** Rows by the key of their resource. */
  rows: Map<number, Row[]>;
}

function all<Result = Row>(database: sqlite3.Database, sql: string, bindings: unknown[] = []): Promise<Result[]> {
  return new Promise((resolve, reject) => {
    database.all<Result>(sql, bindings, (error, rows) => (error ? reject(error) : resolve(rows)));
  });
}

function open(file: string, mode: number): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(file, mode, (error) => (error ? reject(error) : resolve(database)));
  });
}

async function readTable(source: sqlite3.Database, name: string, columns: string[]): Promise<Table> {
  const rows = new Map<number, Row[]>();
  const live = `SELECT key FROM resource WHERE type = 'Patient'`;
  for (const row of await all(source, `SELECT ${columns.join(', ')} FROM ${name} WHERE key IN (${live})`)) {
    const key = Number(row['key']);
    rows.set(key, [...(rows.get(key) ?? []), row]);
  }
  return { name, columns, rows };
}

/** Reads the rows of all Patients, from every table that a new resource writes to. */
async function readTables(file: string): Promise<Table[]> {
  const source = await open(file, sqlite3.OPEN_READONLY);
  const resource = ['key', 'type', 'id', 'version_id', 'last_updated', 'method', 'text'];
  const tables = [await readTable(source, 'resource', resource)];
  for (const { name, columns } of INDEX_TABLES) {
    const names = ['param', ...columns.map((column) => column.name), 'edge', 'key'];
    tables.push(await readTable(source, name, names));
  }
  source.close();
  return tables.filter(({ rows }) => rows.size > 0);
}

/** Creates a database with the server's tables, journal mode and durability, but no rows. */
async function emptyTarget(file: string): Promise<sqlite3.Database> {
  for (const suffix of ['', '-wal', '-shm', '.lock']) await rm(`${file}${suffix}`, { force: true });
  const migrated = await openDatabase(`sqlite:${file}`);
  await migrated.migrate(async () => undefined);
  await migrated.close();
  const target = await open(file, sqlite3.OPEN_READWRITE);
  await all(target, 'PRAGMA journal_mode = WAL');
  await all(target, 'PRAGMA synchronous = FULL');
  return target;
}

/** Inserts resources in groups for some seconds; returns the rate per second. */
export async function insertGroups({ source, target: file, group, seconds }: InsertFloor): Promise<{ rate: number }> {
  const tables = await readTables(source);
  const keys = [...(tables[0]?.rows.keys() ?? [])];
  const target = await emptyTarget(file);
  const statements = tables.map(({ name, columns }) => {
    const values = columns.map((column) => `value ->> '$.${column}'`).join(', ');
    return target.prepare(`INSERT INTO ${name} (${columns.join(', ')}) SELECT ${values} FROM json_each(?)`);
  });
  let made = 0;
  const began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    const members = Array.from({ length: group }, (_, at) => ({
      from: keys[(made + at) % keys.length] ?? 0,
      to: made + at + 1,
    }));
    await all(target, 'BEGIN IMMEDIATE');
    for (const [at, { rows }] of tables.entries()) {
      const copies = members.flatMap(({ from, to }) => (rows.get(from) ?? []).map((row) => renumber(row, to)));
      await new Promise<void>((resolve, reject) => {
        statements[at]?.run(JSON.stringify(copies), (error: Error | null) => (error ? reject(error) : resolve()));
      });
    }
    await all(target, 'COMMIT');
    made += group;
  }
  const rate = made / ((performance.now() - began) / 1000);
  for (const statement of statements) statement.finalize();
  await new Promise((resolve) => target.close(resolve));
  return { rate };
}

function renumber(row: Row, key: number): Row {
  return 'id' in row ? { ...row, key, id: `copy-${key}` } : { ...row, key };
}
