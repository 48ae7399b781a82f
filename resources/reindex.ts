import type { Dialect } from './dialects/dialect.ts';
import type { Version } from './engine.ts';
import { contentOf } from './prepare.ts';
import { INDEX_TABLES, type IndexColumn, type IndexRow, type IndexRows } from './search/index/tables.ts';
import type { ServedType } from './served.ts';
import type { Connection } from './storage/connection.ts';
import { NO_ROWS } from './storage/index-changes.ts';
import { resourceOf, roomFor } from './storage/version-row.ts';
import type { Foreseen } from './writing/foreseen.ts';
import type { Job, JobContext } from './writing/group.ts';

/** So many resources, of so many characters of text, have one look at the index tables: each is a scan of them all. */
const MOST_RESOURCES = 10_000;
const MOST_CHARACTERS = 16 * 2 ** 20;
/** So many of them are changed by one job, which keeps other nodes from writing them meanwhile. */
const PAGE = 500;

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

/** A resource whose rows are looked at. */
type Indexed = Pick<Version, 'key' | 'type' | 'id'>;

/**
 * Brings the index rows of types to what their definitions of today give, whatever made them. What is stored is
 * compared and only what differs is written, a page of resources at a time: searches meanwhile find of each resource
 * what they found before or what they are to find, and writes go on. It can be stopped and begun again.
 *
 * Rows are looked up before the job that changes them. A write in between adds rows that the resource is to have and
 * takes away such as it is not to have, so that what is still wrong of what was looked up is all that is wrong.
 */
export async function* reindex(types: readonly string[], options: ReindexOptions): AsyncGenerator<Reindexed> {
  const { total, last } = await extentOf(types, options);
  let after = 0;
  let [looked, changed] = [0, 0];
  for (;;) {
    const part = await nextPart(types, { after, last }, options);
    after = part.at(-1)?.key ?? last;
    const rows = await storedRows(part, options);
    for (let start = 0; start < part.length; start += PAGE) {
      const page = part.slice(start, start + PAGE);
      changed += await options.submit((context) => makeRows(context, page, rows, options), { looksAt: page });
      looked += page.length;
      yield { looked, changed, total };
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
): Promise<Indexed[]> {
  const found = await committed.all<Indexed & { characters: number }>(
    'SELECT key, type, id, coalesce(length(text), 0) AS characters FROM resource ' +
      `WHERE ${isOneOf(TYPE, dialect)} AND key > ? AND key <= ? ORDER BY key LIMIT ${MOST_RESOURCES}`,
    [asRows(types), after, last],
  );
  const sizes = found.map(({ characters }) => characters);
  return found.slice(0, roomFor(sizes, MOST_CHARACTERS));
}

/** The index rows that resources have, by their keys. */
async function storedRows(
  of: readonly Indexed[],
  { committed, dialect }: ReindexOptions,
): Promise<ReadonlyMap<number, IndexRows>> {
  const byKey = new Map<number, Map<string, IndexRow[]>>(of.map(({ key }) => [key, new Map()]));
  const keys = asRows([...byKey.keys()]);
  for (const { name, columns } of INDEX_TABLES) {
    const names = ['param', ...columns.map((column) => column.name), 'edge', 'key'];
    const sql = `SELECT ${names.join(', ')} FROM ${name} WHERE ${isOneOf(KEY, dialect)}`;
    for (const found of await committed.all<Record<string, string | number>>(sql, [keys])) {
      const row = names.map((column) => found[column] ?? '');
      const tables = byKey.get(Number(found['key']));
      const known = tables?.get(name);
      if (known) known.push(row);
      else tables?.set(name, [row]);
    }
  }
  return byKey;
}

/** Changes the rows of a page, as a job; gives how many resources had other rows. */
async function makeRows(
  { connection, versions, index }: JobContext,
  page: readonly Indexed[],
  rows: ReadonlyMap<number, IndexRows>,
  { served }: ReindexOptions,
): Promise<number> {
  let changed = 0;
  for (const { key, type, id } of page) {
    const version = await versions.current(connection, type, id);
    // It was removed for good meanwhile, and its rows with it.
    if (version?.key !== key) continue;
    const resource = resourceOf(version);
    const due = resource ? served(type).index(contentOf(resource)) : NO_ROWS;
    if (index.replace(key, rows.get(key) ?? NO_ROWS, due)) changed += 1;
  }
  return changed;
}

/** A condition on a column, which binds what `asRows` gives. */
function isOneOf(column: IndexColumn, { rowsFromJson }: Dialect): string {
  return `${column.name} IN (${rowsFromJson([column])})`;
}

function asRows(values: readonly (string | number)[]): string {
  return JSON.stringify(values.map((value) => [value]));
}
