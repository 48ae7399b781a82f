import type { ResourceDefinition } from './definition.ts';
import type { Issue } from './errors.ts';
import type { JsonObject } from './json/value.ts';
import type { Registry } from './registry.ts';
import { indexRows } from './search/index/extract.ts';
import { type InTurns, indexInTurns } from './search/index/index-in-turns.ts';
import type { IndexRows } from './search/index/tables.ts';
import { createValidator } from './validate/validator.ts';

/** A resource type as the engine uses it: its definition, compiled on first use. */
export interface ServedType {
  definition: ResourceDefinition;
  /** Returns all issues of a resource; empty if it is valid. */
  validate(resource: JsonObject): Issue[];
  /** Returns the index rows of a resource; with `properties`, only those that depend on one of them. */
  index(resource: JsonObject, properties?: readonly string[]): IndexRows;
  /** Like `index`, for a large resource: yields to other work. Rejects with `too-large` for too many rows. */
  indexInTurns(resource: JsonObject, how: InTurns): Promise<IndexRows>;
  /** Maximum index rows of a resource from a large body. */
  mostRows: number;
}

/**
 * Bytes of the largest body per allowed row. A megabyte of codes or references, the densest legitimate content, gives
 * some thirty thousand rows; a malicious one three hundred thousand.
 */
const BYTES_A_ROW = 20;
/** Minimum for `mostRows`, however small bodies are. */
const LEAST_ROWS = 50_000;

/**
 * Returns a lookup of served types, each compiled on first use; undefined for types that are not served.
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
