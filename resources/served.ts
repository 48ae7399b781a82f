import type { ResourceDefinition } from './definition.ts';
import type { Issue } from './errors.ts';
import type { JsonObject } from './json/value.ts';
import type { Registry } from './registry.ts';
import { indexRows } from './search/index/extract.ts';
import { type InTurns, indexInTurns } from './search/index/index-in-turns.ts';
import type { IndexRows } from './search/index/tables.ts';
import { createValidator } from './validate/validator.ts';

/** A resource type as the engine works with it: its definition, compiled on first use. */
export interface ServedType {
  definition: ResourceDefinition;
  /** Every issue of a resource, none when it is valid. */
  validate(resource: JsonObject): Issue[];
  /** The index rows that a resource gives; with the names of some properties, those that depend on one of them. */
  index(resource: JsonObject, properties?: readonly string[]): IndexRows;
  /** As `index`, of a large resource: other work is done in between. Rejects with `too-large` for very many rows. */
  indexInTurns(resource: JsonObject, how: InTurns): Promise<IndexRows>;
  /** Rows that a resource may have which came in a large body. */
  mostRows: number;
}

/**
 * Bytes of the largest body for each row. A megabyte of codes or references, which are the densest of what is honest,
 * has some thirty thousand; one that is made to take long, three hundred thousand.
 */
const BYTES_A_ROW = 20;
/** What a resource may have however small bodies are. */
const LEAST_ROWS = 50_000;

/**
 * Looks a served type up, compiling it when it is first asked for; undefined where it is not served.
 * @param largest bytes of the largest body
 */
export function servedTypes(registry: Registry, largest = 0): (name: string) => ServedType | undefined {
  const mostRows = Math.max(LEAST_ROWS, Math.floor(largest / BYTES_A_ROW));
  const validator = createValidator(registry);
  const compiled = new Map<string, ServedType>();
  return (name) => {
    const known = compiled.get(name);
    if (known) return known;
    const definition = registry.get(name);
    if (!definition) return undefined;
    const served: ServedType = {
      definition,
      mostRows,
      validate: (resource: JsonObject) => validator.validate(name, resource),
      index: (resource: JsonObject, properties?: readonly string[]) =>
        indexRows(registry, definition, resource, properties),
      indexInTurns: (resource: JsonObject, how: InTurns) => indexInTurns(registry, definition, resource, how),
    };
    compiled.set(name, served);
    return served;
  };
}
