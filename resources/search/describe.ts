import type { ResourceDefinition, SearchParameterDefinition } from '../definition.ts';
import type { Registry } from '../registry.ts';
import { searchType } from './index/extract.ts';
import { COLUMNS } from './parameters/columns.ts';
import { modifiersOf } from './parameters/hierarchy.ts';
import { targetsOf } from './parameters/naming.ts';

/** The description of a search parameter. */
export interface DescribedParameter {
  code: string;
  definition: SearchParameterDefinition;
  /** Its modifiers without the colon; `[type]` stands for any resource type. */
  modifiers: readonly string[];
  /** The served types that `_include` and `_revinclude` can follow it to. */
  leadsTo: readonly string[];
}

/** Returns the search parameters that are served for a type, with their modifiers and targets (FHIR R4 §3.1.1.4). */
export function describeParameters(registry: Registry, type: ResourceDefinition): DescribedParameter[] {
  const declared = registry.searchParameters(type.name);
  const columns = [...COLUMNS].flatMap(([code, { modifiers }]) => {
    const definition = declared[code];
    return definition === undefined ? [] : [{ code, definition, modifiers, leadsTo: [] }];
  });
  const { parameters } = searchType(registry, type);
  const rows = [...parameters.values()].map((parameter) => {
    const { code, definition } = parameter;
    const modifiers = ['missing', ...modifiersOf(registry, parameter)];
    return { code, definition, modifiers, leadsTo: targetsOf(registry, parameter) };
  });
  return [...columns, ...rows];
}
