import type { ResourceDefinition, SearchParameterDefinition } from '../definition.ts';
import type { Registry } from '../registry.ts';
import { COLUMNS } from './columns.ts';
import { searchType } from './extract.ts';

/** A search parameter as it is told of. */
export interface DescribedParameter {
  code: string;
  definition: SearchParameterDefinition;
  /** The modifiers that it takes, without their colon; `[type]` stands for any resource type. */
  modifiers: readonly string[];
  /** True where `_include` and `_revinclude` follow it: it points at resources and not at canonical URLs alone. */
  followed: boolean;
}

const ADDRESSES = new Set(['canonical', 'uri', 'url']);

/** The search parameters of a type that are really served (FHIR R4 §3.1.1.4), each with what it takes. */
export function describeParameters(registry: Registry, type: ResourceDefinition): DescribedParameter[] {
  const declared = registry.searchParameters(type.name);
  const columns = [...COLUMNS].flatMap(([code, { modifiers }]) => {
    const definition = declared[code];
    return definition === undefined ? [] : [{ code, definition, modifiers, followed: false }];
  });
  const { parameters } = searchType(registry, type);
  const rows = [...parameters.values()].map(({ code, definition, kind, types }) => {
    const followed = definition.kind === 'reference' && [...types].some((each) => !ADDRESSES.has(each));
    return { code, definition, modifiers: ['missing', ...(kind?.modifiers ?? [])], followed };
  });
  return [...columns, ...rows];
}
