import type { ResourceDefinition, SearchParameterDefinition } from '../definition.ts';
import type { Registry } from '../registry.ts';
import { searchType } from './index/extract.ts';
import { COLUMNS } from './parameters/columns.ts';
import { modifiersOf } from './parameters/hierarchy.ts';
import { targetsOf } from './parameters/naming.ts';

/** A search parameter as it is told of. */
export interface DescribedParameter {
  code: string;
  definition: SearchParameterDefinition;
  /** The modifiers that it takes, without their colon; `[type]` stands for any resource type. */
  modifiers: readonly string[];
  /** The served types that `_include` and `_revinclude` follow it to. */
  leadsTo: readonly string[];
}

/** The search parameters of a type that are really served (FHIR R4 §3.1.1.4), each with what it takes. */
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
