import type { JsonObject } from '../json/value.ts';
import type { GoOn } from '../pace/pace.ts';
import { contentOf, indexed, type PreparedWrite } from '../prepare.ts';
import type { IndexRows } from '../search/index/tables.ts';
import type { IndexBuffer } from './index-buffer.ts';

/** From what the index rows of a resource are brought to what a write stores. */
export interface Stored {
  /** The resource as it was; undefined for a first version. */
  before: JsonObject | undefined;
  /** The properties in which the two differ. */
  changed: readonly string[] | undefined;
  /** Waits between two pieces of the work on what came in a large body. */
  goOn?: GoOn | undefined;
}

/** Brings the index rows of a resource to what a write stores, where that differs. Rejects as `indexed`. */
export async function changeRows(
  index: IndexBuffer,
  key: number,
  { type, content, rows }: PreparedWrite,
  { before, changed, goOn }: Stored,
): Promise<void> {
  if (!before) {
    index.replace(key, NO_ROWS, rows ?? (await indexed(type, content, goOn)));
    return;
  }
  const stored = contentOf(before);
  const old = goOn ? await type.indexInTurns(stored, { goOn, properties: changed }) : type.index(stored, changed);
  index.replace(key, old, await indexed(type, content, goOn, changed));
}

export const NO_ROWS: IndexRows = new Map();
