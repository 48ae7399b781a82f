import type { Row } from './row.ts';
import { allTypes } from './rows/all-types.ts';
import { authenticatedRead } from './rows/authenticated-read.ts';
import { coldStart } from './rows/cold-start.ts';
import { durablePut } from './rows/durable-put.ts';
import { guessTimes } from './rows/guess-time.ts';
import { validation } from './rows/validation.ts';

/** Every row, in the order of the table. */
export const ROWS: Row[] = [authenticatedRead, durablePut, validation, coldStart, allTypes, ...guessTimes];
