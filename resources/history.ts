import type { HistoryPage, SearchPage, Version } from './engine.ts';
import { wrongCursor } from './search/cursor.ts';
import type { Connection } from './storage/connection.ts';
import { roomFor, VERSION_COLUMNS, type VersionRow, versionOf } from './storage/version-row.ts';

/** Returns the versions that the caller may see. */
export type HistoryFilter = (versions: Version[]) => Promise<Version[]>;

/**
 * Returns the versions of a resource, or of all resources of a type, newest first (FHIR R4 §3.1.0.12). The cursor is
 * the last row of the previous page. Index rows of versions are not stored, so with a filter, versions are read in
 * batches until they fill the page: skipped versions cost as much as shown ones. Long texts are read in batches too, so
 * that no more is read than fits on the page.
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
  for (let more = true; more && fitting(found, page) === found.length && found.length <= page.count; ) {
    const stretch = { type, id, since: page.since ?? 0, after, size, bytes: page.bytes };
    const read = await readVersions(connection, stretch);
    found.push(...(filter ? await filter(read.versions) : read.versions));
    const last = read.versions.at(-1);
    after = last && placeOf(last);
    more = read.more;
  }
  return pageOf(found, page);
}

/**
 * Returns the versions of all resources of several types, newest first (FHIR R4 §3.1.0.12); each type is read like in
 * `readHistory`. Once the page is full, only versions as new as its oldest are read from the remaining types. If the
 * page of one type ends early, older versions are left to the next page.
 */
export async function readHistoryOfTypes(
  types: readonly ((page: HistoryPage) => Promise<SearchPage>)[],
  page: HistoryPage,
): Promise<SearchPage> {
  const wanted = page.count + 1;
  let found: Version[] = [];
  /** The oldest version up to which all types have been read completely. */
  let end: Version | undefined;
  for (const read of types) {
    const since = end?.lastUpdated ?? page.since;
    const { matches, next } = await read({ ...page, count: wanted, ...(since !== undefined && { since }) });
    const ends = [end, next === undefined ? undefined : matches.at(-1)].filter((each) => each !== undefined);
    const [newest] = ends.sort(newestFirst);
    const known = [...found, ...matches].sort(newestFirst).filter((each) => !newest || newestFirst(each, newest) <= 0);
    found = known.slice(0, Math.min(wanted, fitting(known, page)));
    end = found.length < known.length || found.length === wanted ? found.at(-1) : newest;
  }
  return pageOf(found, page, end !== undefined);
}

function newestFirst(one: Version, other: Version): number {
  return other.lastUpdated - one.lastUpdated || other.key - one.key || other.versionId - one.versionId;
}

/** Builds a page from versions. There is a next page if `more` is true or not all versions fit. */
function pageOf(found: Version[], page: HistoryPage, more = false): SearchPage {
  const matches = found.slice(0, Math.min(page.count, fitting(found, page)));
  const last = matches.at(-1);
  const next = (more || found.length > matches.length) && last ? writeCursor(placeOf(last)) : undefined;
  const total = page.cursor === undefined && !next ? matches.length : undefined;
  return { matches, total, next };
}

/** Returns how many of the versions fit on a page. */
function fitting(found: readonly Version[], { bytes }: HistoryPage): number {
  return roomFor(
    found.map(({ text }) => text?.length ?? 0),
    bytes,
  );
}

const BATCH = 200;

interface Stretch {
  type: string;
  id: string | undefined;
  since: number;
  after: number[] | undefined;
  size: number;
  /** Bytes of text that are read at once, but at least one version; undefined: no limit. */
  bytes: number | undefined;
}

/**
 * Returns the next versions after a position, newest first, as many as are read at once, and whether there may be more.
 */
async function readVersions(connection: Connection, stretch: Stretch): Promise<{ versions: Version[]; more: boolean }> {
  const { type, id, since, after, size, bytes } = stretch;
  const scope = id === undefined ? 'type = ?' : 'type = ? AND id = ?';
  const conditions = [scope, 'last_updated >= ?'];
  if (after) conditions.push('(last_updated, key, version_id) < (?, ?, ?)');
  const where = conditions.join(' AND ');
  const columns = bytes === undefined ? VERSION_COLUMNS : COLUMNS_WITH_SIZE;
  const branch = (table: string) => `SELECT ${columns} FROM ${table} WHERE ${where}`;
  // With this limit for each text, all of them together fit.
  const most = bytes === undefined ? [] : [Math.floor(bytes / size)];
  const bindings = [...most, type, ...(id === undefined ? [] : [id]), since, ...(after ?? [])];
  const order = 'ORDER BY last_updated DESC, key DESC, version_id DESC';
  const rows = await connection.all<HistoryRow>(
    `SELECT page.*, (${BEFORE}) AS before FROM (SELECT * FROM ` +
      `(${branch('resource')} UNION ALL ${branch('resource_history')}) versions ${order} LIMIT ?) page ${order}`,
    [...bindings, ...bindings, size],
  );
  if (rows.some(isLeftOut)) {
    const fit = roomFor(
      rows.map((row) => row.size ?? 0),
      bytes,
    );
    const { versions } = await readVersions(connection, { ...stretch, size: fit, bytes: undefined });
    return { versions, more: fit < rows.length || rows.length === size };
  }
  return { versions: rows.map((row) => ({ ...versionOf(row), made: isMade(row) })), more: rows.length === size };
}

/** Only the size of a longer text is read. */
const COLUMNS_WITH_SIZE = `${VERSION_COLUMNS.replace(', text', '')},
  CASE WHEN octet_length(text) <= ? THEN text END AS text, octet_length(text) AS size`;

function isLeftOut({ text, size }: HistoryRow): boolean {
  return text === null && size !== null && size !== undefined;
}

function placeOf({ lastUpdated, key, versionId }: Version): number[] {
  return [lastUpdated, key, versionId];
}

interface HistoryRow extends VersionRow {
  /** Bytes of its text, if they were requested; null for a deletion. */
  size?: number | null;
  /** The method of the previous version; null for the first, or if a note replaced the previous version. */
  before: string | null;
}

/** A superseded version is always in the history table, even if it is not on the page. */
const BEFORE = 'SELECT h.method FROM resource_history h WHERE h.key = page.key AND h.version_id = page.version_id - 1';

/** Returns true for a version that created the resource: the first, or one after a deletion. */
function isMade({ before, method, version_id }: HistoryRow): boolean {
  return method !== 'DELETE' && (version_id === 1 || before === 'DELETE');
}

function writeCursor(place: number[]): string {
  return Buffer.from(place.join('.')).toString('base64url');
}

function readCursor(cursor: string): number[] {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!/^\d{1,15}\.\d{1,15}\.\d{1,9}$/.test(text)) {
    throw wrongCursor();
  }
  return text.split('.').map(Number);
}
