/** Values of a property: single or a list, and a primitive with its sibling (`_birthDate`). */
import { isObject, type Json, type JsonObject } from '../json/value.ts';
import { type Primitive, primitiveFault } from './primitives.ts';
import type { Check, Run } from './run.ts';

/** The place of a property in its object. */
export interface Place {
  /** Its element: `value` for `valueQuantity`. */
  element: string;
  /** Its step in a FHIRPath expression: `value.ofType(Quantity)`. */
  step: string;
  /** The bit of its choice; 0 if it has none. */
  choice: number;
}

/** A property of an object, with its check. */
export interface Member extends Place {
  check(object: JsonObject, key: string, run: Run): void;
}

/** Returns a check of a list that applies `item` to each value. */
export function listCheck(item: Check): Check {
  return (value, run) => {
    if (!isList(value, run)) return;
    for (let index = 0; index < value.length; index++) {
      run.path.push(index);
      item(value[index] ?? null, run);
      run.path.pop();
    }
  };
}

/** Returns the member of a non-primitive property. */
export function complexMember(place: Place, check: Check): Member {
  return {
    ...place,
    check(object, key, run) {
      run.path.push(place.step);
      check(object[key] ?? null, run);
      run.path.pop();
    },
  };
}

/** The checks of a primitive value and of its sibling, which holds its id and extensions. */
export interface PrimitiveChecks {
  value: Check;
  sibling: Check;
}

/** Returns the check of a primitive value: its type, then the further checks. */
export function primitiveCheck(primitive: Primitive, further: readonly Check[]): Check {
  return (value, run) => {
    const fault = primitiveFault(primitive, value, () => run.element());
    if (fault !== undefined) run.report('value', fault);
    else for (const check of further) check(value, run);
  };
}

/**
 * Returns the members of a primitive element: `birthDate`, which is checked together with its sibling, and
 * `_birthDate`, which is checked only if it is alone (https://hl7.org/fhir/R4/json.html#primitive).
 */
export function primitiveMembers(
  place: Place,
  key: string,
  list: boolean,
  checks: PrimitiveChecks,
): { member: Member; sibling: Member } {
  const both = list ? primitiveList : singlePrimitive;
  const siblingKey = `_${key}`;
  function check(object: JsonObject, _key: string, run: Run): void {
    run.path.push(place.step);
    both(object[key], object[siblingKey], checks, run);
    run.path.pop();
  }
  const alone = (object: JsonObject, _key: string, run: Run) => {
    if (object[key] === undefined) check(object, key, run);
  };
  return { member: { ...place, check }, sibling: { ...place, check: alone } };
}

function singlePrimitive(value: Json | undefined, sibling: Json | undefined, checks: PrimitiveChecks, run: Run): void {
  if (value !== undefined) checks.value(value, run);
  if (sibling === undefined) return;
  checks.sibling(sibling, run);
  if (value === undefined) needExtension(sibling, run);
}

function primitiveList(values: Json | undefined, siblings: Json | undefined, checks: PrimitiveChecks, run: Run): void {
  if (values !== undefined && !isList(values, run)) return;
  if (siblings !== undefined && !isList(siblings, run)) return;
  const length = Math.max(values?.length ?? 0, siblings?.length ?? 0);
  for (let index = 0; index < length; index++) {
    const value = values?.[index] ?? null;
    const sibling = siblings?.[index] ?? null;
    run.path.push(index);
    if (value !== null) checks.value(value, run);
    else if (sibling === null)
      run.report('structure', 'must have a value or an extension: null is allowed only beside an extension');
    if (sibling !== null) checks.sibling(sibling, run);
    if (value === null && sibling !== null) needExtension(sibling, run);
    run.path.pop();
  }
}

/** An element needs a value or something besides an id (ele-1). */
function needExtension(sibling: Json, run: Run): void {
  if (isObject(sibling) && sibling.extension === undefined) {
    run.report('invariant', 'must have a value or an extension (ele-1)');
  }
}

function isList(value: Json, run: Run): value is Json[] {
  if (!Array.isArray(value)) {
    run.report('structure', 'must be a list, even with one item: [ … ] in JSON, lines with - in YAML');
    return false;
  }
  if (value.length === 0) run.report('structure', 'must not be an empty list: omit it');
  return value.length > 0;
}
