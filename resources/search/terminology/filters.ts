/** The filters by which a value set selects concepts (https://hl7.org/fhir/R4/valueset-filter-operator.html). */
import type { JsonObject } from '../../json/value.ts';
import { BadValue } from '../kinds/kind.ts';
import { quoted } from '../parameters/values.ts';
import type { CodeSystem, Towards } from './code-system.ts';

/** Compiles a filter to a test of a code. Throws BadValue. */
type Operator = (system: CodeSystem, property: string, value: string) => (code: string) => boolean;

const OPERATORS: Record<string, Operator> = {
  '=': among((value) => [value]),
  in: among((value) => value.split(',').map((each) => each.trim())),
  'not-in': not(among((value) => value.split(',').map((each) => each.trim()))),
  exists: (system, property, value) => {
    if (value !== 'true' && value !== 'false') throw new BadValue(`exists must be true or false, not ${quoted(value)}`);
    return (code) => system.values(code, property).length > 0 === (value === 'true');
  },
  'is-a': along('below'),
  'is-not-a': not(along('below')),
  'descendent-of': (system, property, value) => {
    const isBelow = along('below')(system, property, value);
    return (code) => code !== value && isBelow(code);
  },
  generalizes: along('above'),
};

/**
 * Returns the codes of a system that pass all filters, without abstract concepts. Throws BadValue for a filter that
 * needs a terminology server.
 */
export function filtered(system: CodeSystem, filters: readonly JsonObject[], inactive: boolean): string[] {
  const tests = filters.map(({ property, op, value }) => {
    const operator = Object.hasOwn(OPERATORS, String(op)) ? OPERATORS[String(op)] : undefined;
    if (operator === undefined)
      throw new BadValue(`store the value set with an expansion: filters by ${String(op)} are not supported`);
    return operator(system, String(property), String(value));
  });
  return system.codes(inactive).filter((code) => tests.every((test) => test(code)));
}

/** Tests whether one of the property's values is listed. */
function among(read: (value: string) => string[]): Operator {
  return (system, property, value) => {
    const listed = new Set(read(value));
    return (code) => system.values(code, property).some((each) => listed.has(each));
  };
}

/** Tests the concept's own position in the hierarchy; other properties have no hierarchy here. */
function along(towards: Towards): Operator {
  return (system, property, value) => {
    if (property !== 'concept' && property !== 'code') {
      throw new BadValue(`store the value set with an expansion: hierarchies of ${quoted(property)} are not supported`);
    }
    // A value set that excludes by a wrong code would contain too much.
    system.demand(value);
    const line = system.line(value, towards);
    return (code) => line.has(code);
  };
}

function not(operator: Operator): Operator {
  return (system, property, value) => {
    const test = operator(system, property, value);
    return (code) => !test(code);
  };
}
