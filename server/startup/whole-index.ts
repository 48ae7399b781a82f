/** Records which extraction made the index of FHIR's types and the server's own. */

import type { Transaction } from '../../resources/engine.ts';
import { EXTRACTION } from '../../resources/search/index/extraction.ts';
import type { Connection } from '../../resources/storage/connection.ts';
import { isApplied, noteApplied } from './applied.ts';

/** No type has this name. */
const WHOLE = { type: 'ResourceIndex', id: '*' };

/** The warning when the index was made by another extraction than this version's. */
export const OLD_INDEX =
  'The search index was built by another version; some searches may be incomplete. Run npm run reindex -- --all';

/** Returns true if this version's extraction made the whole index. */
export function isIndexOurs(connection: Pick<Connection, 'all'>): Promise<boolean> {
  return isApplied(connection, WHOLE, String(EXTRACTION));
}

/** Records that this version's extraction made the whole index. */
export function noteIndexOurs(transaction: Transaction): Promise<void> {
  return noteApplied(transaction, WHOLE, String(EXTRACTION));
}
