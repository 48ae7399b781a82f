import type { ResourceDefinition } from '../../resources/definition.ts';
import type { Json, JsonObject } from '../../resources/json/value.ts';
import type { Registry } from '../../resources/registry.ts';
import { type DescribedParameter, describeParameters } from '../../resources/search/describe.ts';

/** Returns `CapabilityStatement.rest.resource`: each type with its interactions, operations and search parameters. */
export function describeTypes(
  registry: Registry,
  servedOf: (type: ResourceDefinition) => JsonObject,
  ownOperations: Record<string, JsonObject[]>,
): JsonObject[] {
  const types = registry.names().flatMap((name) => registry.get(name) ?? []);
  const parameters = new Map(types.map((type) => [type.name, describeParameters(registry, type)]));
  const pointing = reverseIncludes(parameters);
  return types.map((type) => {
    const { name, description } = type;
    const served = servedOf(type);
    const operations = Array.isArray(served['operation']) ? served['operation'] : [];
    const own = parameters.get(name) ?? [];
    const include = own.filter(({ leadsTo }) => leadsTo.length > 0).map(({ code }) => `${name}:${code}`);
    return {
      type: name,
      ...(registry.published.includes(name) ? { profile: `http://hl7.org/fhir/StructureDefinition/${name}` } : {}),
      ...(description === undefined ? {} : { documentation: description }),
      ...served,
      ...listed('operation', [...operations, ...(ownOperations[name] ?? [])]),
      searchInclude: ['*', ...(include.length > 0 ? [`${name}:*`, ...include] : [])],
      searchRevInclude: ['*', ...(pointing.get(name) ?? []).sort()],
      searchParam: own.map(searchParam),
    };
  });
}

/** Returns the reference parameters (`Observation:patient`) by the types that they point to. */
function reverseIncludes(parameters: ReadonlyMap<string, DescribedParameter[]>): Map<string, string[]> {
  const pointing = new Map<string, string[]>();
  for (const [type, own] of parameters) {
    for (const { code, leadsTo } of own) {
      for (const target of new Set(leadsTo)) {
        const others = pointing.get(target);
        if (others === undefined) pointing.set(target, [`${type}:${code}`]);
        else others.push(`${type}:${code}`);
      }
    }
  }
  return pointing;
}

function searchParam({ code, definition: { kind, url, description }, modifiers }: DescribedParameter): JsonObject {
  const taken = `Modifiers: ${modifiers.map((modifier) => `:${modifier}`).join(', ')}`;
  return {
    name: code,
    ...(url === undefined ? {} : { definition: url }),
    type: kind,
    documentation: description === undefined ? taken : `${description.replace(/\.?\s*$/, '.')} ${taken}`,
  };
}

/** Returns a member for a non-empty list: an empty one is not valid FHIR. */
function listed(name: string, values: Json[]): JsonObject {
  return values.length === 0 ? {} : { [name]: values };
}
