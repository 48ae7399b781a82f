import type { ResourceDefinition } from './definition.ts';
import type { Issue } from './errors.ts';
import type { JsonObject } from './json/value.ts';
import type { Registry } from './registry.ts';
import { indexRows } from './search/extract.ts';
import type { IndexRows } from './search/tables.ts';
import { createValidator } from './validate.ts';

/** A resource type as the engine works with it: its definition, compiled on first use. */
export interface ServedType {
  definition: ResourceDefinition;
  /** Every issue of a resource, none when it is valid. */
  validate(resource: JsonObject): Issue[];
  /** The index rows that a resource gives; with the names of some properties, those that depend on one of them. */
  index(resource: JsonObject, properties?: readonly string[]): IndexRows;
}

/** Looks a served type up, compiling it when it is first asked for; undefined where it is not served. */
export function servedTypes(registry: Registry): (name: string) => ServedType | undefined {
  const validator = createValidator(registry);
  const compiled = new Map<string, ServedType>();
  return (name) => {
    const known = compiled.get(name);
    if (known) return known;
    const definition = registry.get(name);
    if (!definition) return undefined;
    const served = {
      definition,
      validate: (resource: JsonObject) => validator.validate(name, resource),
      index: (resource: JsonObject, properties?: readonly string[]) =>
        indexRows(registry, definition, resource, properties),
    };
    compiled.set(name, served);
    return served;
  };
}
