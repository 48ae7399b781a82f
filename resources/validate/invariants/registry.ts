import { isObject, type Json, type JsonObject } from '../../json/value.ts';
import { CLINICAL } from './clinical.ts';
import { CONFORMANCE } from './conformance.ts';
import { DATATYPES } from './datatypes.ts';
import { EXCHANGE } from './exchange.ts';
import { QUESTIONNAIRE } from './questionnaire.ts';
import { STRUCTURE } from './structure.ts';
import { TESTING } from './testing.ts';
import type { RuleWithin } from './values.ts';

/** Returns true if the invariant holds for a well-formed value in its resource. */
export type Invariant = (value: Json, resource: JsonObject) => boolean;

/** Invariants of an object. */
const RULES: Record<string, RuleWithin> = {
  ...DATATYPES,
  ...CLINICAL,
  ...EXCHANGE,
  ...CONFORMANCE,
  ...QUESTIONNAIRE,
  ...STRUCTURE,
  ...TESTING,
};

/** Invariants of a text. */
const TEXT_RULES: Record<string, (text: string) => boolean> = {
  'eld-3': (max) => max === '*' || /^\d+$/.test(max),
};

/**
 * The invariants of FHIR R4 by id, as far as they need neither a terminology server nor another resource. If R4 uses an
 * id for several, the key is the id with the text of the invariant.
 */
const INVARIANTS: ReadonlyMap<string, Invariant> = new Map<string, Invariant>([
  ...Object.entries(RULES).map(([id, rule]): [string, Invariant] => [
    id,
    (value, resource) => !isObject(value) || rule(value, resource),
  ]),
  ...Object.entries(TEXT_RULES).map(([id, rule]): [string, Invariant] => [
    id,
    (value) => typeof value !== 'string' || rule(value),
  ]),
]);

/** Returns the invariant with this id and text; undefined if it is not implemented. */
export function invariantOf(id: string, demand: string): Invariant | undefined {
  return INVARIANTS.get(id) ?? INVARIANTS.get(`${id}: ${demand}`);
}
