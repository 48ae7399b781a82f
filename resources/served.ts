import type { ResourceDefinition } from './definition.ts';
import type { Issue } from './errors.ts';
import type { JsonObject } from './json/value.ts';
import type { IndexRows } from './search/tables.ts';

/** A resource type as the engine works with it: its definition, compiled on first use. */
export interface ServedType {
  definition: ResourceDefinition;
  /** Every issue of a resource, none when it is valid. */
  validate(resource: JsonObject): Issue[];
  /** The index rows that a resource gives. */
  index(resource: JsonObject): IndexRows;
}
