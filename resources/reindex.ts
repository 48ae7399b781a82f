import type { JobContext } from './group.ts';
import { NO_ROWS } from './index-changes.ts';
import { readJson } from './json/read.ts';
import { isObject } from './json/value.ts';
import { contentOf } from './prepare.ts';
import { INDEX_TABLES } from './search/tables.ts';
import type { ServedType } from './served.ts';

const PAGE = 500;

/**
 * Makes the index rows of a type anew from its current resources, whatever definition they were indexed by. A write
 * alone does not: it compares what the definition of today gives for two versions. Costs a scan of every index table.
 */
export async function reindex({ connection, index, flush }: JobContext, type: ServedType): Promise<void> {
  const { name } = type.definition;
  await flush();
  for (const table of INDEX_TABLES) {
    await connection.run(`DELETE FROM ${table.name} WHERE key IN (SELECT key FROM resource WHERE type = ?)`, [name]);
  }
  let last = 0;
  for (;;) {
    const rows = await connection.all<{ key: number; text: string }>(
      `SELECT key, text FROM resource WHERE type = ? AND key > ? AND text IS NOT NULL ORDER BY key LIMIT ${PAGE}`,
      [name, last],
    );
    for (const { key, text } of rows) {
      const resource = readJson(text);
      if (isObject(resource)) index.replace(key, NO_ROWS, type.index(contentOf(resource)));
    }
    await flush();
    last = rows.at(-1)?.key ?? last;
    if (rows.length < PAGE) return;
  }
}
