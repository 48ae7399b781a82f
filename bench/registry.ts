import type { Row } from './row.ts';
import { allTypes } from './rows/all-types.ts';
import { coldStart } from './rows/cold-start.ts';
import { crowd } from './rows/crowd.ts';
import { guessTimes } from './rows/guess-time.ts';
import { latency } from './rows/latency.ts';
import { mixed } from './rows/mixed.ts';
import { published, publishedMemory } from './rows/published.ts';
import { reads } from './rows/reads.ts';
import { tokens } from './rows/tokens.ts';
import { validation } from './rows/validation.ts';
import { writes } from './rows/writes.ts';

/** Every row, in the order of the table. */
export const ROWS: Row[] = [
  ...[...reads, ...writes, mixed, ...latency, publishedMemory, ...crowd],
  ...[...tokens, validation, coldStart, allTypes, ...guessTimes, ...published],
];
