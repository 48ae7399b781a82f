import type { ElementDefinition, ExtensionDefinition } from '../../definition.ts';
import { binding, valueTypes } from './elements.ts';
import { canonicalPath, type Types } from './paths.ts';
import type { Published, PublishedElement, PublishedStructure } from './published.ts';

const STRUCTURE = 'http://hl7.org/fhir/StructureDefinition/';

/** Places where R4's own definitions use an extension although its context does not list them. */
const ALSO: Record<string, string[]> = {
  [`${STRUCTURE}structuredefinition-fhir-type`]: ['ElementDefinition.type'],
  [`${STRUCTURE}regex`]: ['ElementDefinition.type'],
  [`${STRUCTURE}structuredefinition-normative-version`]: [
    'ElementDefinition',
    'OperationDefinition',
    'CodeSystem',
    'ValueSet',
  ],
  [`${STRUCTURE}valueset-concept-comments`]: ['CodeSystem.concept'],
};

/** Returns the extensions of the core specification by URL. */
export function extensionDefinitions(published: Published, types: Types): Record<string, ExtensionDefinition> {
  const sorted = [...published.extensions].sort((one, other) => (one.url < other.url ? -1 : 1));
  return Object.fromEntries(sorted.map((structure) => [structure.url, fromStructure(published, types, structure)]));
}

function fromStructure(published: Published, types: Types, structure: PublishedStructure): ExtensionDefinition {
  const context = (structure.context ?? []).map(({ type, expression }) => {
    if (type !== 'element') throw new Error(`${structure.url} has a context that is not an element: ${expression}`);
    return canonicalPath(types, expression);
  });
  const { list, ...definition } = fromElement(published, structure.snapshot.element, 'Extension', structure.url);
  return {
    context: [...new Set([...context, ...(ALSO[structure.url] ?? [])])],
    ...definition,
    ...(list === true ? { list } : {}),
  };
}

/**
 * Converts an extension or one of its parts, from the elements whose ids start with `id`: `Extension.extension:code`.
 */
function fromElement(published: Published, elements: PublishedElement[], id: string, url: string): ExtensionDefinition {
  const find = (suffix: string): PublishedElement | undefined => elements.find((element) => element.id === id + suffix);
  const root = find('');
  if (root === undefined) throw new Error(`${url} has no ${id}`);
  const parts: Record<string, ExtensionDefinition> = {};
  for (const slice of elements) {
    if (slice.sliceName === undefined || slice.id !== `${id}.extension:${slice.sliceName}`) continue;
    if (slice.max === '0') continue;
    const name = elements.find((element) => element.id === `${slice.id}.url`)?.fixedUri ?? slice.sliceName;
    parts[name] = fromElement(published, elements, slice.id, url);
  }
  const value = valueDefinition(
    published,
    elements.find((element) => element.id.startsWith(`${id}.value`)),
  );
  const isPart = id !== 'Extension';
  return {
    ...(isPart && root.min > 0 ? { min: 1 } : {}),
    ...(root.max === '*' ? { list: true } : {}),
    ...(root.isModifier === true ? { modifier: true } : {}),
    ...(value === undefined ? {} : { value }),
    ...(Object.keys(parts).length > 0 ? { parts } : {}),
  };
}

function valueDefinition(published: Published, element: PublishedElement | undefined): ElementDefinition | undefined {
  if (element === undefined || element.max === '0') return undefined;
  const { type, choice = [], ...rest } = valueTypes(element);
  return {
    choice: type === undefined ? choice : [type],
    ...rest,
    ...(element.min > 0 ? { min: 1 } : {}),
    ...binding(published, element),
  };
}
