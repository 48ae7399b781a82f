import type { Row } from './row.ts';
import { allTypes } from './rows/all-types.ts';
import { authenticatedRead } from './rows/authenticated-read.ts';
import { coldStart } from './rows/cold-start.ts';
import { durablePut } from './rows/durable-put.ts';

/** Every row, in the order of the table. */
export const ROWS: Row[] = [authenticatedRead, durablePut, coldStart, allTypes];
