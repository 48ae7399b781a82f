/** Records which extraction made the index of FHIR's types and the server's own. */

import type { Transaction } from '../../resources/engine.ts';
import { EXTRACTION } from '../../resources/search/index/extraction.ts';
import type { Connection } from '../../resources/storage/connection.ts';
import { isApplied, noteApplied } from './applied.ts';

/** No type has this name. */
const WHOLE = { type: 'ResourceIndex', id: '*' };

/** The warning when the index was made by another extraction than this version's. */
export const OLD_INDEX =
  'What is stored was indexed by another version, and some searches may miss it until it is written again: ' +
  'npm run reindex -- --all makes the index anew';

/** Returns true if this version's extraction made the whole index. */
export function isIndexOurs(connection: Pick<Connection, 'all'>): Promise<boolean> {
  return isApplied(connection, WHOLE, String(EXTRACTION));
}

/** Records that this version's extraction made the whole index. */
export function noteIndexOurs(transaction: Transaction): Promise<void> {
  return noteApplied(transaction, WHOLE, String(EXTRACTION));
}
