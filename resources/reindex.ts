import type { Connection } from './connection.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { Version } from './engine.ts';
import type { Foreseen } from './foreseen.ts';
import type { Job, JobContext } from './group.ts';
import { NO_ROWS } from './index-changes.ts';
import { contentOf } from './prepare.ts';
import { INDEX_TABLES, type IndexColumn, type IndexRow, type IndexRows } from './search/tables.ts';
import type { ServedType } from './served.ts';
import { resourceOf, roomFor } from './store.ts';

/** So many resources, of so many characters of text, have one look at the index tables: each is a scan of them all. */
const MOST_RESOURCES = 10_000;
const MOST_CHARACTERS = 16 * 2 ** 20;
/** So many of them are changed by one job, which keeps other nodes from writing them meanwhile. */
const PAGE = 500;
/** How often the rows of resources are looked up that others write meanwhile; then once more while they may not. */
const ROUNDS = 3;

const KEY: IndexColumn = { name: 'key', type: 'integer' };
const TYPE: IndexColumn = { name: 'type', type: 'text' };

/** How far the index rows of some types are made anew, in resources, deletions included. */
export interface Reindexed {
  looked: number;
  /** Those that had other rows than they were to have. */
  changed: number;
  total: number;
}

export interface ReindexOptions {
  dialect: Dialect;
  committed: Pick<Connection, 'all'>;
  served(type: string): ServedType;
  submit<Result>(job: Job<Result>, foreseen: Foreseen): Promise<Result>;
}

/** A resource as it was before its rows were looked up. */
type Seen = Pick<Version, 'key' | 'type' | 'id' | 'versionId'>;

/** What a job made of a page: how many resources had other rows, and which were written meanwhile. */
interface Made {
  changed: number;
  again: Seen[];
}

/**
 * Brings the index rows of types to what their definitions of today give, whatever made them. What is stored is
 * compared and only what differs is written, a page of resources at a time: searches meanwhile find of each resource
 * what they found before or what they are to find, and writes go on. It can be stopped and begun again.
 */
export async function* reindex(types: readonly string[], options: ReindexOptions): AsyncGenerator<Reindexed> {
  const { total, last } = await extentOf(types, options);
  let after = 0;
  let [looked, changed] = [0, 0];
  for (;;) {
    const part = await nextPart(types, { after, last }, options);
    after = part.at(-1)?.key ?? last;
    let left: Seen[] = part;
    for (let round = 1; left.length > 0; round += 1) {
      const rows = round > ROUNDS ? undefined : await storedRows(options.committed, left, options);
      const again: Seen[] = [];
      for (let start = 0; start < left.length; start += PAGE) {
        const page = left.slice(start, start + PAGE);
        const made = await options.submit((context) => makeRows(context, page, rows, options), { looksAt: page });
        again.push(...made.again);
        changed += made.changed;
        looked += page.length - made.again.length;
        yield { looked, changed, total };
      }
      left = again;
    }
    if (after >= last) return;
  }
}

/** How many resources there are, deletions included, and the key of the last: what comes later is indexed by itself. */
async function extentOf(
  types: readonly string[],
  { committed, dialect }: ReindexOptions,
): Promise<{ total: number; last: number }> {
  const sql = `SELECT count(*) AS total, coalesce(max(key), 0) AS last FROM resource WHERE ${isOneOf(TYPE, dialect)}`;
  const [extent] = await committed.all<{ total: number; last: number }>(sql, [asRows(types)]);
  return extent ?? { total: 0, last: 0 };
}

/** The next resources whose rows fit into memory. */
async function nextPart(
  types: readonly string[],
  { after, last }: { after: number; last: number },
  { committed, dialect }: ReindexOptions,
): Promise<Seen[]> {
  const found = await committed.all<Seen & { characters: number }>(
    'SELECT key, type, id, version_id AS "versionId", coalesce(length(text), 0) AS characters FROM resource ' +
      `WHERE ${isOneOf(TYPE, dialect)} AND key > ? AND key <= ? ORDER BY key LIMIT ${MOST_RESOURCES}`,
    [asRows(types), after, last],
  );
  const sizes = found.map(({ characters }) => characters);
  return found.slice(0, roomFor(sizes, MOST_CHARACTERS));
}

/** The index rows that resources have, by their keys. */
async function storedRows(
  connection: Pick<Connection, 'all'>,
  of: readonly Seen[],
  { dialect }: ReindexOptions,
): Promise<ReadonlyMap<number, IndexRows>> {
  const byKey = new Map<number, Map<string, IndexRow[]>>(of.map(({ key }) => [key, new Map()]));
  const keys = asRows([...byKey.keys()]);
  for (const { name, columns } of INDEX_TABLES) {
    const names = ['param', ...columns.map((column) => column.name), 'edge', 'key'];
    const sql = `SELECT ${names.join(', ')} FROM ${name} WHERE ${isOneOf(KEY, dialect)}`;
    for (const found of await connection.all<Record<string, string | number>>(sql, [keys])) {
      const row = names.map((column) => found[column] ?? '');
      const tables = byKey.get(Number(found['key']));
      const known = tables?.get(name);
      if (known) known.push(row);
      else tables?.set(name, [row]);
    }
  }
  return byKey;
}

/** Changes the rows of a page; without `rows`, they are looked up while nobody else may write those resources. */
async function makeRows(
  { connection, versions, index, flush }: JobContext,
  page: readonly Seen[],
  rows: ReadonlyMap<number, IndexRows> | undefined,
  options: ReindexOptions,
): Promise<Made> {
  const made: Made = { changed: 0, again: [] };
  const current = new Map<number, Version>();
  for (const { type, id } of page) {
    const version = await versions.current(connection, type, id);
    if (version) current.set(version.key, version);
  }
  if (!rows) await flush();
  const stored = rows ?? (await storedRows(connection, page, options));
  for (const seen of page) {
    const version = current.get(seen.key);
    // It was removed for good meanwhile, and its rows with it.
    if (!version) continue;
    if (rows && version.versionId !== seen.versionId) {
      made.again.push({ ...seen, versionId: version.versionId });
      continue;
    }
    const resource = resourceOf(version);
    const due = resource ? options.served(seen.type).index(contentOf(resource)) : NO_ROWS;
    if (index.replace(seen.key, stored.get(seen.key) ?? NO_ROWS, due)) made.changed += 1;
  }
  return made;
}

/** A condition on a column, which binds what `asRows` gives. */
function isOneOf(column: IndexColumn, { rowsFromJson }: Dialect): string {
  return `${column.name} IN (${rowsFromJson([column])})`;
}

function asRows(values: readonly (string | number)[]): string {
  return JSON.stringify(values.map((value) => [value]));
}
