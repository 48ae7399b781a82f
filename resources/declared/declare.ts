import type { ResourceDefinition } from '../definition.ts';
import type { Json } from '../json/value.ts';
import type { Registry } from '../registry.ts';
import { type Parameter, refuseCollisions, searchType } from '../search/index/extract.ts';
import { elementFaults } from './elements.ts';
import { type Fault, readStructure } from './structure.ts';

/** A declaration and its source. */
export interface Declaration {
  /** The name of its file, for messages. */
  source: string;
  value: Json;
}

/** An invalid declaration; the message names the file, the place and the remedy. */
export class DeclarationError extends Error {
  override name = 'DeclarationError';
}

const MOST_FAULTS = 10;

/**
 * Adds declared types to the registry and returns their names. All are added before any is checked, since they may
 * refer to each other. Throws a DeclarationError that lists the faults.
 */
export function declareTypes(registry: Registry, declarations: readonly Declaration[]): string[] {
  if (declarations.length === 0) return [];
  const read = declarations.map(({ source, value }) => ({ source, definition: structureOf(source, value) }));
  for (const { source, definition } of read) {
    if (registry.resource(definition.name) !== undefined || registry.datatype(definition.name) !== undefined) {
      refuse(source, [{ place: 'name', message: `is taken: there is already a type ${definition.name}` }]);
    }
    registry.add(definition);
  }
  for (const { source, definition } of read) refuse(source, elementFaults(registry, definition));
  for (const { source, definition } of read) refuse(source, searchFaults(registry, source, definition));
  const served = registry.names().flatMap((name) => registry.get(name) ?? []);
  orRefuse('all types', () => refuseCollisions(served.map((definition) => searchType(registry, definition))));
  return read.map(({ definition }) => definition.name);
}

function structureOf(source: string, value: Json): ResourceDefinition {
  const result = readStructure(value);
  if ('definition' in result) return result.definition;
  return refuse(source, result.faults) ?? structureOf(source, value);
}

function refuse(source: string, faults: readonly Fault[]): undefined {
  if (faults.length === 0) return undefined;
  const told = faults.slice(0, MOST_FAULTS).map(({ place, message }) => `${place || 'the declaration'} ${message}`);
  const more = faults.length > MOST_FAULTS ? `; and ${faults.length - MOST_FAULTS} more` : '';
  throw new DeclarationError(`${source}: ${told.join('; ')}${more}`);
}

/** Reports search parameters that read nothing: they would silently find nothing. */
function searchFaults(registry: Registry, source: string, declared: ResourceDefinition): Fault[] {
  const definition = registry.resource(declared.name) ?? declared;
  const { parameters } = orRefuse(source, () => searchType(registry, definition));
  return Object.entries(declared.search).flatMap(([code, { targets = [], kind, components }]) => {
    const place = `search.${code}`;
    const faults: Fault[] = targets
      .filter((target) => registry.resource(target) === undefined)
      .map((target) => ({ place: `${place}.targets`, message: `has an unknown resource type, ${target}` }));
    if ((kind === 'composite') !== (components !== undefined)) {
      faults.push({ place, message: 'must have components if its kind is composite, and only then' });
    } else if (readsNothing(parameters.get(code))) {
      faults.push({ place: `${place}.paths`, message: `lead to no element that a ${kind} parameter can search` });
    }
    return faults;
  });
}

/** Converts an error of the engine about a declaration to a DeclarationError: its author has to fix it. */
function orRefuse<Result>(source: string, compile: () => Result): Result {
  try {
    return compile();
  } catch (error) {
    throw new DeclarationError(`${source}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function readsNothing(parameter: Parameter | undefined): boolean {
  const parts = parameter?.components.length ? parameter.components : [parameter];
  return parts.some((part) => (part?.types.size ?? 0) === 0);
}
