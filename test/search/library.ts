/** A database of resources to search, filled by the store itself, without a server. */

import type { SearchPage } from '../../resources/engine.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import { createRegistry, type Registry } from '../../resources/registry.ts';
import { runSearch } from '../../resources/search/compile.ts';
import { indexRows } from '../../resources/search/index/extract.ts';
import type { SearchOptions } from '../../resources/search/parameters/criteria.ts';
import { parseSearch } from '../../resources/search/parse.ts';
import type { ParsedSearch } from '../../resources/search/plan.ts';
import type { Connection } from '../../resources/storage/connection.ts';
import { Writer } from '../../resources/writing/writer.ts';
import { openDatabase } from '../../server/database/database.ts';
import { preparedDatabase } from '../harness/prepared.ts';

export const OPTIONS: SearchOptions = { base: 'https://ward.example', now: Date.UTC(2026, 0, 1) };

export interface Library {
  registry: Registry;
  connection: Connection;
  /** Stores a resource and gives its key. */
  add(resource: JsonObject & { resourceType: string; id: string }, lastUpdated?: number): Promise<number>;
  /** Understands a query string; values are not decoded. */
  parse(type: string, query: string, options?: Partial<SearchOptions>): ParsedSearch;
  search(type: string, query: string, options?: Partial<SearchOptions>): Promise<SearchPage>;
  /** The ids that a search finds, in its order, all pages of it. */
  ids(type: string, query: string): Promise<string[]>;
  close(): Promise<void>;
}

export async function openLibrary(types: string[]): Promise<Library> {
  const fresh = await preparedDatabase();
  const database = await openDatabase(fresh.url);
  await database.migrate(async () => undefined);
  const { dialect } = database;
  const writer = new Writer({ dialect, clock: () => 0, open: database.openWriter, afterCommit: () => undefined });
  const registry = createRegistry(types);

  const library: Library = {
    registry,
    connection: database.queries,
    async add(resource, lastUpdated = 0) {
      const { resourceType: type, id } = resource;
      const definition = registry.get(type);
      if (definition === undefined) throw new Error(`${type} is not served`);
      const version = { type, id, versionId: 1, lastUpdated, method: 'PUT', text: JSON.stringify(resource) } as const;
      return writer.submit(async ({ versions, index }) => {
        const { key } = await versions.insert(version);
        index.replace(key, new Map(), indexRows(registry, definition, resource));
        return key;
      });
    },
    parse: (type, query, options) => parseSearch(registry, type, pairs(query), { ...OPTIONS, ...options }),
    search: (type, query, options) => runSearch(library.connection, library.parse(type, query, options)),
    async ids(type, query) {
      const found: string[] = [];
      let page = await library.search(type, query);
      found.push(...page.matches.map(({ id }) => id));
      while (page.next !== undefined) {
        page = await library.search(type, `${query}&_cursor=${page.next}`);
        found.push(...page.matches.map(({ id }) => id));
      }
      return found;
    },
    async close() {
      await writer.close();
      await database.close();
      await fresh.drop();
    },
  };
  return library;
}

/** The pairs of a query string, as they stand. */
export function pairs(query: string): [string, string][] {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    });
}
