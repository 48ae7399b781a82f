import type { Json } from '../../json/value.ts';
import { DATATYPES } from './datatypes.ts';

/** True where a rule holds for a value whose structure is right. */
export type Invariant = (value: Json) => boolean;

/** The rules of FHIR R4 by id, so far as they can be held without a terminology server. */
export const INVARIANTS: Readonly<Record<string, Invariant>> = { ...DATATYPES };
