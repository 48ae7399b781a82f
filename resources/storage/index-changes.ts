import type { JsonObject } from '../json/value.ts';
import type { YieldTurn } from '../pace/pace.ts';
import { contentOf, indexed, type PreparedWrite } from '../prepare.ts';
import type { IndexRows } from '../search/index/tables.ts';
import type { IndexBuffer } from './index-buffer.ts';

/** What the index rows in the database were made from. */
export interface Stored {
  /** The stored resource; undefined for a first version. */
  before: JsonObject | undefined;
  /** The properties that differ between the stored and the written resource. */
  changed: readonly string[] | undefined;
  /** Yields between steps of processing a large body. */
  yieldTurn?: YieldTurn | undefined;
}

/**
 * Changes the index rows of a resource to those of the written version, as far as they differ. Rejects like `indexed`.
 */
export async function changeRows(
  index: IndexBuffer,
  key: number,
  { type, content, rows }: PreparedWrite,
  { before, changed, yieldTurn }: Stored,
): Promise<void> {
  if (!before) {
    index.replace(key, NO_ROWS, rows ?? (await indexed(type, content, yieldTurn)));
    return;
  }
  const stored = contentOf(before);
  const old = yieldTurn
    ? await type.indexInTurns(stored, { yieldTurn, properties: changed })
    : type.index(stored, changed);
  index.replace(key, old, await indexed(type, content, yieldTurn, changed));
}

export const NO_ROWS: IndexRows = new Map();
