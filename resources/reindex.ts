import type { Dialect } from './dialects/dialect.ts';
import type { Version } from './engine.ts';
import { contentOf } from './prepare.ts';
import { INDEX_TABLES, type IndexColumn, type IndexRow, type IndexRows } from './search/index/tables.ts';
import type { ServedType } from './served.ts';
import type { Connection } from './storage/connection.ts';
import { NO_ROWS } from './storage/index-changes.ts';
import { resourceOf, roomFor } from './storage/version-row.ts';
import type { Job, JobContext } from './writing/group.ts';
import type { LockSet } from './writing/lock-set.ts';

/** Maximum resources, and characters of their text, per read of the index tables: each read scans all of them. */
const MOST_RESOURCES = 10_000;
const MOST_CHARACTERS = 16 * 2 ** 20;
/** Maximum resources per job; a job locks them against writes by other nodes. */
const PAGE = 500;

const KEY: IndexColumn = { name: 'key', type: 'integer' };
const TYPE: IndexColumn = { name: 'type', type: 'text' };

/** The progress of a reindex in resources, deletions included. */
export interface Reindexed {
  looked: number;
  /** Resources whose rows differed. */
  changed: number;
  total: number;
}

export interface ReindexOptions {
  dialect: Dialect;
  committed: Pick<Connection, 'all'>;
  served(type: string): ServedType;
  submit<Result>(job: Job<Result>, lockSet: LockSet): Promise<Result>;
}

/** A resource whose rows are checked. */
type Indexed = Pick<Version, 'key' | 'type' | 'id'>;

/**
 * Changes the index rows of types to those of their current definitions. Stored rows are compared and only differences
 * are written, one page of resources at a time. Meanwhile a search finds a resource by its old or its new rows, and
 * writes go on. It can be stopped and started again.
 *
 * Rows are read before the job that changes them. A write in between adds correct rows and removes wrong ones, so the
 * differences that remain among the rows read are all there are.
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

/** Returns the number of resources, deletions included, and the last key: later resources need no reindex. */
async function extentOf(
  types: readonly string[],
  { committed, dialect }: ReindexOptions,
): Promise<{ total: number; last: number }> {
  const sql = `SELECT count(*) AS total, coalesce(max(key), 0) AS last FROM resource WHERE ${isOneOf(TYPE, dialect)}`;
  const [extent] = await committed.all<{ total: number; last: number }>(sql, [asRows(types)]);
  return extent ?? { total: 0, last: 0 };
}

/** Returns the next resources whose rows fit into memory. */
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

/** Returns the stored index rows of resources, by key. */
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

/** Changes the rows of a page, as a job; returns how many resources had other rows. */
async function makeRows(
  { connection, versions, index }: JobContext,
  page: readonly Indexed[],
  rows: ReadonlyMap<number, IndexRows>,
  { served }: ReindexOptions,
): Promise<number> {
  let changed = 0;
  for (const { key, type, id } of page) {
    const version = await versions.current(connection, type, id);
    // The resource was erased in the meantime, together with its rows.
    if (version?.key !== key) continue;
    const resource = resourceOf(version);
    const due = resource ? served(type).index(contentOf(resource)) : NO_ROWS;
    if (index.replace(key, rows.get(key) ?? NO_ROWS, due)) changed += 1;
  }
  return changed;
}

/** Returns a condition on a column that binds the result of `asRows`. */
function isOneOf(column: IndexColumn, { rowsFromJson }: Dialect): string {
  return `${column.name} IN (${rowsFromJson([column])})`;
}

function asRows(values: readonly (string | number)[]): string {
  return JSON.stringify(values.map((value) => [value]));
}
