import { isObject, type Json, type JsonObject } from '../../json/value.ts';
import { CLINICAL } from './clinical.ts';
import { CONFORMANCE } from './conformance.ts';
import { DATATYPES } from './datatypes.ts';
import { EXCHANGE } from './exchange.ts';
import { QUESTIONNAIRE } from './questionnaire.ts';
import { STRUCTURE } from './structure.ts';
import { TESTING } from './testing.ts';
import type { RuleWithin } from './values.ts';

/** True where a rule holds for a value whose structure is right, in its resource. */
export type Invariant = (value: Json, resource: JsonObject) => boolean;

/** Rules between the elements of an object. */
const RULES: Record<string, RuleWithin> = {
  ...DATATYPES,
  ...CLINICAL,
  ...EXCHANGE,
  ...CONFORMANCE,
  ...QUESTIONNAIRE,
  ...STRUCTURE,
  ...TESTING,
};

/** Rules of a single text. */
const TEXT_RULES: Record<string, (text: string) => boolean> = {
  'eld-3': (max) => max === '*' || /^\d+$/.test(max),
};

/**
 * The rules of FHIR R4 by id, as far as they can be held without a terminology server or another resource. An id that
 * R4 gives to several rules stands with what each demands.
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

/** The rule with an id and what it demands; undefined where it is not held here. */
export function invariantOf(id: string, demand: string): Invariant | undefined {
  return INVARIANTS.get(id) ?? INVARIANTS.get(`${id}: ${demand}`);
}
