import type { Connection } from './connection.ts';
import type { HistoryPage, SearchPage, Version } from './engine.ts';
import { Failure } from './errors.ts';
import { VERSION_COLUMNS, type VersionRow, versionOf } from './store.ts';

/** Leaves of some versions those that the caller may see. */
export type HistoryFilter = (versions: Version[]) => Promise<Version[]>;

/**
 * The versions of a resource, or of all resources of a type, newest first (FHIR R4 §3.1.0.12).
 * The cursor is the last row of the page before. A version's index rows are not stored, so where there is a filter,
 * versions are read in batches until they fill the page: what is passed over costs what is shown costs.
 */
export async function readHistory(
  connection: Connection,
  type: string,
  id: string | undefined,
  page: HistoryPage,
  filter?: HistoryFilter,
): Promise<SearchPage> {
  const size = filter ? Math.max(page.count + 1, BATCH) : page.count + 1;
  const found: Version[] = [];
  let after = page.cursor === undefined ? undefined : readCursor(page.cursor);
  for (let more = true; more && found.length <= page.count; ) {
    const versions = await readVersions(connection, { type, id, since: page.since ?? 0, after, size });
    found.push(...(filter ? await filter(versions) : versions));
    const last = versions.at(-1);
    after = last && placeOf(last);
    more = versions.length === size;
  }
  return pageOf(found, page);
}

/**
 * The versions of all resources of several types, newest first (FHIR R4 §3.1.0.12), each type read as `readHistory`
 * reads it. Once a page is full, of the types that follow only what is as new as its oldest version is read.
 */
export async function readHistoryOfTypes(
  types: readonly ((page: HistoryPage) => Promise<SearchPage>)[],
  page: HistoryPage,
): Promise<SearchPage> {
  const wanted = page.count + 1;
  let found: Version[] = [];
  for (const read of types) {
    const since = found[wanted - 1]?.lastUpdated ?? page.since;
    const { matches } = await read({ ...page, count: wanted, ...(since !== undefined && { since }) });
    if (matches.length > 0) found = [...found, ...matches].sort(newestFirst).slice(0, wanted);
  }
  return pageOf(found, page);
}

function newestFirst(one: Version, other: Version): number {
  return other.lastUpdated - one.lastUpdated || other.key - one.key || other.versionId - one.versionId;
}

/** The page that some versions fill, and perhaps one more shows that it is not the last. */
function pageOf(found: Version[], page: HistoryPage): SearchPage {
  const matches = found.slice(0, page.count);
  const last = matches.at(-1);
  const next = found.length > page.count && last ? writeCursor(placeOf(last)) : undefined;
  const total = page.cursor === undefined && !next ? matches.length : undefined;
  return { matches, total, next };
}

const BATCH = 200;

interface Stretch {
  type: string;
  id: string | undefined;
  since: number;
  after: number[] | undefined;
  size: number;
}

/** The next versions behind a place, newest first. */
async function readVersions(connection: Connection, { type, id, since, after, size }: Stretch): Promise<Version[]> {
  const scope = id === undefined ? 'type = ?' : 'type = ? AND id = ?';
  const conditions = [scope, 'last_updated >= ?'];
  if (after) conditions.push('(last_updated, key, version_id) < (?, ?, ?)');
  const where = conditions.join(' AND ');
  const branch = (table: string) => `SELECT ${VERSION_COLUMNS} FROM ${table} WHERE ${where}`;
  const bindings = [type, ...(id === undefined ? [] : [id]), since, ...(after ?? [])];
  const order = 'ORDER BY last_updated DESC, key DESC, version_id DESC';
  const rows = await connection.all<HistoryRow>(
    `SELECT page.*, (${BEFORE}) AS before FROM (SELECT * FROM ` +
      `(${branch('resource')} UNION ALL ${branch('resource_history')}) versions ${order} LIMIT ?) page ${order}`,
    [...bindings, ...bindings, size],
  );
  return rows.map((row) => ({ ...versionOf(row), made: isMade(row) }));
}

function placeOf({ lastUpdated, key, versionId }: Version): number[] {
  return [lastUpdated, key, versionId];
}

interface HistoryRow extends VersionRow {
  /** How the version before it came about; null for the first, and where a note took the place of that version. */
  before: string | null;
}

/** A superseded version is in the history table, whatever the page holds of it. */
const BEFORE = 'SELECT h.method FROM resource_history h WHERE h.key = page.key AND h.version_id = page.version_id - 1';

/** True for a version that made the resource: the first, or one after a deletion. */
function isMade({ before, method, version_id }: HistoryRow): boolean {
  return method !== 'DELETE' && (version_id === 1 || before === 'DELETE');
}

function writeCursor(place: number[]): string {
  return Buffer.from(place.join('.')).toString('base64url');
}

function readCursor(cursor: string): number[] {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!/^\d{1,15}\.\d{1,15}\.\d{1,10}$/.test(text)) {
    throw new Failure('parameter', '_cursor is not one that this server gave: follow the next link as it is.');
  }
  return text.split('.').map(Number);
}
