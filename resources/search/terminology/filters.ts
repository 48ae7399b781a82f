/** How a value set chooses among the concepts of a system (https://hl7.org/fhir/R4/valueset-filter-operator.html). */
import type { JsonObject } from '../../json/value.ts';
import { BadValue } from '../kinds/kind.ts';
import { quoted } from '../parameters/values.ts';
import type { CodeSystem, Towards } from './code-system.ts';

/** Gives the test of a code that a filter makes. Throws BadValue. */
type Operator = (system: CodeSystem, property: string, value: string) => (code: string) => boolean;

const OPERATORS: Record<string, Operator> = {
  '=': among((value) => [value]),
  in: among((value) => value.split(',').map((each) => each.trim())),
  'not-in': not(among((value) => value.split(',').map((each) => each.trim()))),
  exists: (system, property, value) => {
    if (value !== 'true' && value !== 'false')
      throw new BadValue(`write true or false for exists, not ${quoted(value)}`);
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
 * The codes of a system for which all filters hold, without what only groups others.
 * Throws BadValue for a filter that asks for a terminology server.
 */
export function filtered(system: CodeSystem, filters: readonly JsonObject[], inactive: boolean): string[] {
  const tests = filters.map(({ property, op, value }) => {
    const operator = Object.hasOwn(OPERATORS, String(op)) ? OPERATORS[String(op)] : undefined;
    if (operator === undefined)
      throw new BadValue(`store the value set with an expansion: it has a filter by ${String(op)}`);
    return operator(system, String(property), String(value));
  });
  return system.codes(inactive).filter((code) => tests.every((test) => test(code)));
}

/** One of the values of the property is among those that are listed. */
function among(read: (value: string) => string[]): Operator {
  return (system, property, value) => {
    const listed = new Set(read(value));
    return (code) => system.values(code, property).some((each) => listed.has(each));
  };
}

/** The concept itself stands in the hierarchy where the value says: no property of it has another. */
function along(towards: Towards): Operator {
  return (system, property, value) => {
    if (property !== 'concept' && property !== 'code') {
      throw new BadValue(`store the value set with an expansion: its filter is by a hierarchy of ${quoted(property)}`);
    }
    // A value set that excludes by a code that is mistaken would hold too much.
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
