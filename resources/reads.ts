import { EVERY_ROW, isShown, type Rows, shown } from './access.ts';
import type { HistoryPage, Interactions, SearchPage, Version } from './engine.ts';
import { Failure } from './errors.ts';
import { type HistoryFilter, readHistory, readHistoryOfTypes } from './history.ts';
import type { Registry } from './registry.ts';
import { runSearch } from './search/compile.ts';
import type { SearchOptions } from './search/parameters/criteria.ts';
import type { ParsedSearch } from './search/plan.ts';
import { includedWith } from './search/sql/included.ts';
import type { ServedType } from './served.ts';
import type { Connection } from './storage/connection.ts';
import { VERSION_COLUMNS, type VersionRow, versionOf } from './storage/version-row.ts';

/**
 * The read interactions, on committed data or on what a job of the write queue sees. The engine and transactions share
 * them, so that a Bundle cannot show what a caller may not see otherwise.
 */
export abstract class Reads
  implements Pick<Interactions, 'read' | 'find' | 'vread' | 'history' | 'historyOfTypes' | 'search'>
{
  protected abstract readonly registry: Registry;
  /** Returns a compiled served type. Throws `unknown-type`. */
  protected abstract served(type: string): ServedType;
  /** Returns the current version, which may be a deletion. Throws `unknown-type`. */
  protected abstract current(type: string, id: string): Promise<Version | undefined>;
  /** Returns the connection for everything except current versions; called for each use. */
  protected abstract connection(): Promise<Connection>;

  async read(type: string, id: string, rows = EVERY_ROW): Promise<Version> {
    const version = await this.#seen(await this.current(type, id), rows);
    if (!version) throw new Failure('not-found', `There is no ${type}/${id}.`);
    if (version.text === null) throw new Failure('gone', `${type}/${id} was deleted.`);
    return version;
  }

  async find(type: string, id: string, rows = EVERY_ROW): Promise<Version | undefined> {
    const version = await this.#seen(await this.current(type, id), rows);
    return version?.text == null ? undefined : version;
  }

  async vread(type: string, id: string, versionId: number, rows = EVERY_ROW): Promise<Version> {
    const current = await this.current(type, id);
    const asked = current?.versionId === versionId ? current : await this.#superseded(current, versionId);
    const version = await this.#seen(asked, rows);
    if (!version) throw new Failure('not-found', `There is no version ${versionId} of ${type}/${id}.`);
    if (version.text === null) throw new Failure('gone', `${type}/${id} was deleted in version ${versionId}.`);
    return version;
  }

  async history(type: string, id: string | undefined, page: HistoryPage, rows = EVERY_ROW): Promise<SearchPage> {
    this.served(type);
    const connection = await this.connection();
    const filter = this.#filter(type, rows);
    const read = (part: HistoryPage) => readHistory(connection, type, id, part, filter);
    const found = await read(page);
    if (id === undefined || found.matches.length > 0) return found;
    // The page may be empty only because of `since`: a resource exists for the caller if any version of it is visible.
    const known = filter ? (await read({ count: 1 })).matches.length > 0 : await this.current(type, id);
    if (!known) throw new Failure('not-found', `There is no ${type}/${id}.`);
    return found;
  }

  async historyOfTypes(types: ReadonlyMap<string, Rows>, page: HistoryPage): Promise<SearchPage> {
    const connection = await this.connection();
    const read = (type: string, rows: Rows, part: HistoryPage) =>
      readHistory(connection, type, undefined, part, this.#filter(type, rows));
    return readHistoryOfTypes(
      [...types].map(
        ([type, rows]) =>
          (part) =>
            read(type, rows, part),
      ),
      page,
    );
  }

  async search(search: ParsedSearch, options?: SearchOptions): ReturnType<Interactions['search']> {
    const connection = await this.connection();
    const page = await runSearch(connection, search);
    if (!options || search.includes.length === 0) return { ...page, included: [] };
    return { ...page, included: await includedWith(connection, this.registry, search, page.matches, options) };
  }

  /** Returns the filter for the versions that the rows include; undefined if there are no criteria. */
  #filter(type: string, rows: Rows): HistoryFilter | undefined {
    if (rows.length === 0) return undefined;
    const served = this.served(type);
    // Asks for the connection each time: a job limits its searches in time, and rows may exclude very many versions.
    return async (versions) => shown(await this.connection(), served, rows, versions);
  }

  /** Returns the version, or undefined if the caller's rows do not include it. */
  async #seen(version: Version | undefined, rows: Rows): Promise<Version | undefined> {
    if (!version || rows.length === 0) return version;
    const connection = await this.connection();
    return (await isShown(connection, this.served(version.type), rows, version)) ? version : undefined;
  }

  async #superseded(current: Version | undefined, versionId: number): Promise<Version | undefined> {
    if (!current) return undefined;
    const connection = await this.connection();
    const sql = `SELECT ${VERSION_COLUMNS} FROM resource_history WHERE key = ? AND version_id = ?`;
    const [row] = await connection.all<VersionRow>(sql, [current.key, versionId]);
    return row && versionOf(row);
  }
}
