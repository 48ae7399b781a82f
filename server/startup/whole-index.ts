/** By which extraction the index of FHIR's types and of the server's own was made. */

import type { Transaction } from '../../resources/engine.ts';
import { EXTRACTION } from '../../resources/search/index/extraction.ts';
import type { Connection } from '../../resources/storage/connection.ts';
import { isApplied, noteApplied } from './applied.ts';

/** No type has this name. */
const WHOLE = { type: 'ResourceIndex', id: '*' };

/** What to do where the index was made by another extraction than this version's. */
export const OLD_INDEX =
  'What is stored was indexed by another version, and some searches may miss it until it is written again: ' +
  'npm run reindex -- --all makes the index anew';

/** True where the whole index was made as this version makes it. */
export function isIndexOurs(connection: Pick<Connection, 'all'>): Promise<boolean> {
  return isApplied(connection, WHOLE, String(EXTRACTION));
}

/** Notes that the whole index was made as this version makes it. */
export function noteIndexOurs(transaction: Transaction): Promise<void> {
  return noteApplied(transaction, WHOLE, String(EXTRACTION));
}
