/** Compartments (https://hl7.org/fhir/R4/compartmentdefinition.html). */
import { Failure } from '../errors.ts';
import type { Registry } from '../registry.ts';
import { parseCriterion, type SearchOptions, typeNamed } from './parameters/criteria.ts';
import type { Criterion } from './plan.ts';

/** A compartment as an address names it: that of the Patient with this id. */
export interface Compartment {
  of: string;
  id: string;
}

/** As `compartmentCriterion`. Throws `not-found` where there is no such compartment, or the type has no part in it. */
export function withinCompartment(
  registry: Registry,
  options: SearchOptions,
  compartment: Compartment,
  type: string,
): Criterion {
  const { of } = compartment;
  const criterion = compartmentCriterion(registry, options, compartment, type);
  if (criterion) return criterion;
  if (registry.compartment(of) === undefined) throw noCompartment(registry, of);
  throw new Failure('not-found', `${type} has no part in the compartment of a ${of}: search /${type} itself.`);
}

/** The types that have a part in the compartment of a type, that one first. Throws `not-found` where it has none. */
export function typesWithin(registry: Registry, of: string): string[] {
  const definition = registry.compartment(of);
  if (definition === undefined) throw noCompartment(registry, of);
  const parts = Object.keys(definition).filter((type) => (definition[type] ?? []).length > 0 && registry.get(type));
  return [...new Set([of, ...parts])];
}

function noCompartment(registry: Registry, of: string): Failure {
  const message = `${of} has no compartment here: there is that of ${registry.compartments().join(', ')}.`;
  return new Failure('not-found', message);
}

/**
 * What a resource of a type must satisfy to be in the compartment of one resource, such as a Patient: it points there
 * by a parameter of the compartment's definition, or is that resource. Undefined where the type has no part in it.
 */
export function compartmentCriterion(
  registry: Registry,
  options: SearchOptions,
  compartment: Compartment,
  type: string,
): Criterion | undefined {
  const { of, id } = compartment;
  const definition = registry.compartment(of);
  if (definition === undefined || registry.get(type) === undefined) return undefined;
  const names = Object.hasOwn(definition, type) ? (definition[type] ?? []) : [];
  const pairs = names.map((name) => [`${name}:${of}`, id] as const);
  const criteria = [...pairs, ...(type === of ? [['_id', id] as const] : [])].flatMap(([name, value]) => {
    return parseCriterion(registry, typeNamed(registry, type), options, name, value) ?? [];
  });
  return criteria.length === 0 ? undefined : { test: 'any', of: criteria };
}
