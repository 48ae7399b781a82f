/** Compartments (https://hl7.org/fhir/R4/compartmentdefinition.html). */
import { Failure } from '../errors.ts';
import type { Registry } from '../registry.ts';
import { parseCriterion, type SearchOptions, typeNamed } from './parameters/criteria.ts';
import type { Criterion } from './plan.ts';

/** A compartment as in a URL: that of the resource of type `of` with this id. */
export interface Compartment {
  of: string;
  id: string;
}

/** Like `compartmentCriterion`, but throws `not-found` if the compartment does not exist or excludes the type. */
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
  throw new Failure('not-found', `${type} is not part of the ${of} compartment: search /${type} instead.`);
}

/** Returns the types in the compartment of `of`, which comes first. Throws `not-found` if it has no compartment. */
export function typesWithin(registry: Registry, of: string): string[] {
  const definition = registry.compartment(of);
  if (definition === undefined) throw noCompartment(registry, of);
  const parts = Object.keys(definition).filter((type) => (definition[type] ?? []).length > 0 && registry.get(type));
  return [...new Set([of, ...parts])];
}

function noCompartment(registry: Registry, of: string): Failure {
  const message = `${of} has no compartment; supported: ${registry.compartments().join(', ')}.`;
  return new Failure('not-found', message);
}

/**
 * Returns the criterion for resources of a type in the compartment of one resource, such as a Patient: they reference
 * it by a parameter of the CompartmentDefinition, or are that resource. Undefined if the type is not in the
 * compartment.
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
