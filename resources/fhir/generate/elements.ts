import type { ElementDefinition, TypeDefinition } from '../../definition.ts';
import { CODE_SYSTEMS } from '../../validate/code-systems/registry.ts';
import { expand, wholeSystem } from './codes.ts';
import {
  lastSegment,
  type Published,
  type PublishedElement,
  type PublishedStructure,
  type PublishedType,
} from './published.ts';

/** Invariants of every element or resource, which the validator implements itself. */
const EVERYWHERE = new Set(['ele-1', 'ext-1', 'dom-2', 'dom-3', 'dom-4', 'dom-5']);
const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type';
const LARGEST = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet';
/** Code systems whose codes follow a rule. */
const RULED = new Set(CODE_SYSTEMS.keys());
const STRUCTURE = 'http://hl7.org/fhir/StructureDefinition/';
const SIMPLE_QUANTITY = { 'sqty-1': 'The comparator is not used on a SimpleQuantity' };

/** Converts a published type to the format of definition.ts, without inherited elements. */
export function typeDefinition(published: Published, structure: PublishedStructure): TypeDefinition {
  const [root, ...elements] = structure.snapshot.element;
  if (root === undefined) throw new Error(`${structure.name} has no snapshot`);
  const own = elements.filter((element) => isOwn(structure, element));
  const invariants = invariantsOf(root);
  return {
    name: structure.name,
    kind: structure.kind === 'resource' ? 'resource' : 'datatype',
    ...(structure.baseDefinition === undefined ? {} : { base: lastSegment(structure.baseDefinition) }),
    ...(invariants === undefined ? {} : { invariants }),
    elements: childrenOf(published, own, structure.name),
  };
}

/** Returns false for inherited elements: `Patient.id` is `Resource.id`, `Patient.contact.id` is `Element.id`. */
function isOwn(structure: PublishedStructure, element: PublishedElement): boolean {
  const declaredBy = element.base?.path.split('.')[0];
  return declaredBy === undefined || declaredBy === structure.name;
}

function childrenOf(
  published: Published,
  elements: PublishedElement[],
  path: string,
): Record<string, ElementDefinition> {
  const depth = path.split('.').length + 1;
  const children: Record<string, ElementDefinition> = {};
  for (const element of elements) {
    if (!element.path.startsWith(`${path}.`) || element.path.split('.').length !== depth) continue;
    const name = element.path.slice(path.length + 1).replace('[x]', '');
    children[name] = elementDefinition(published, elements, element);
  }
  return children;
}

function elementDefinition(
  published: Published,
  all: PublishedElement[],
  element: PublishedElement,
): ElementDefinition {
  if (!['1', '*'].includes(element.max) || element.min > 1) throw new Error(`Unusual cardinality of ${element.path}`);
  const nested = childrenOf(published, all, element.path);
  const invariants = invariantsOf(element);
  return {
    ...(Object.keys(nested).length > 0 ? { base: typeName(element.type?.[0], element) } : valueTypes(element)),
    ...(element.min === 1 ? { min: 1 } : {}),
    ...(element.max === '*' ? { list: true } : {}),
    ...binding(published, element),
    ...(element.isSummary === true ? { summary: true } : {}),
    ...(invariants === undefined ? {} : { invariants }),
    ...(Object.keys(nested).length > 0 ? { elements: nested } : {}),
  };
}

/** Returns the allowed types of an element's value; also used for values of extensions. */
export function valueTypes(element: PublishedElement): ElementDefinition {
  if (element.contentReference !== undefined) return { sameAs: element.contentReference.slice(1) };
  const types = [...new Set((element.type ?? []).map((type) => typeName(type, element)))];
  const targets = targetsOf(element.type ?? []);
  const [only] = types;
  if (only === undefined) throw new Error(`${element.path} has no type`);
  return {
    ...(element.path.endsWith('[x]') ? { choice: types } : { type: only }),
    ...(targets.length > 0 ? { targets } : {}),
  };
}

/** Returns the required binding of a coded element. */
export function binding(
  published: Published,
  element: PublishedElement,
): Pick<ElementDefinition, 'codes' | 'codings' | 'codeSystem'> {
  const isCode = element.type?.every(({ code }) => ['code', 'string', 'uri'].includes(code)) ?? false;
  const valueSet = requiredValueSet(element, isCode);
  if (valueSet === undefined) return {};
  const codeSystem = wholeSystem(published, valueSet, RULED);
  if (codeSystem !== undefined) return { codeSystem };
  const codings = expand(published, valueSet);
  return isCode ? { codes: [...new Set(Object.values(codings).flat())] } : { codings };
}

/** For codes, a maximum value set counts as required too: for a language, all languages. */
function requiredValueSet({ binding }: PublishedElement, isCode: boolean): string | undefined {
  if (binding?.strength === 'required') return binding.valueSet;
  return isCode ? binding?.extension?.find(({ url }) => url === LARGEST)?.valueCanonical : undefined;
}

/**
 * In `http://hl7.org/fhirpath/System.String` types, an extension names the FHIR type; that of `Resource.id` is wrong.
 */
function typeName(type: PublishedType | undefined, element: PublishedElement): string {
  if (type === undefined) throw new Error(`${element.path} has no type`);
  if (!type.code.startsWith('http:')) return type.code;
  if (element.base?.path === 'Resource.id') return 'id';
  const named = type.extension?.find(({ url }) => url === FHIR_TYPE)?.valueUrl;
  if (named === undefined) throw new Error(`${element.path} has a type without a name`);
  return named;
}

/** Returns the target types of a Reference; empty if it may point to any type. */
function targetsOf(types: PublishedType[]): string[] {
  const profiles = types.filter(({ code }) => code === 'Reference').flatMap(({ targetProfile }) => targetProfile ?? []);
  const targets = [...new Set(profiles.filter((profile) => profile.startsWith(STRUCTURE)).map(lastSegment))];
  return targets.includes('Resource') ? [] : targets;
}

function invariantsOf(element: PublishedElement): Record<string, string> | undefined {
  const rules = (element.constraint ?? []).filter(({ key, severity }) => severity === 'error' && !EVERYWHERE.has(key));
  const simple = element.type?.some(({ profile }) => profile?.includes(`${STRUCTURE}SimpleQuantity`)) ?? false;
  if (rules.length === 0 && !simple) return undefined;
  return { ...Object.fromEntries(rules.map(({ key, human }) => [key, human])), ...(simple ? SIMPLE_QUANTITY : {}) };
}
