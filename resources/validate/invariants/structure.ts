/** The invariants of StructureDefinition (https://hl7.org/fhir/R4/structuredefinition.html#invs). */
import type { JsonObject } from '../../json/value.ts';
import { anyOf, areDistinct, has, hasChoice, objects, type Rule, type RuleWithin, textOf } from './values.ts';

const HL7 = 'http://hl7.org/fhir/StructureDefinition';
const SYSTEM_TYPE = /^http:\/\/hl7\.org\/fhirpath\/System\.[A-Z][A-Za-z]+$/;
/** The type codes that sdf-19 allows in each view of HL7's own definitions. */
const PUBLISHED = { snapshot: /^[a-zA-Z0-9.]+$/, differential: /^[a-zA-Z0-9]+$/ };

/** Returns the elements of views: `snapshot`, `differential`. */
function elementsOf(structure: JsonObject, ...views: string[]): JsonObject[] {
  return views.flatMap((view) => objects(structure, view)).flatMap((view) => objects(view, 'element'));
}

/** The first element of a differential is of the constrained type; logical models are exempt. */
const beginsAtType: RuleWithin = (differential, structure) =>
  structure.kind === 'logical' || textOf(objects(differential, 'element')[0]?.path).startsWith(textOf(structure.type));

const isRoot: Rule = ({ path }) => !textOf(path).includes('.');
const isLogical: Rule = ({ kind }) => kind === 'logical';
const haveIds = (elements: JsonObject[]) => elements.every((element) => has(element, 'id'));
const idsOf = (elements: JsonObject[]) => elements.map(({ id }) => id ?? null);

/** Returns true if the paths of all elements after the first are below that of the first. */
function areBelow(elements: JsonObject[], rootOf: (path: string) => string): boolean {
  const root = rootOf(textOf(elements[0]?.path));
  return elements.slice(1).every(({ path }) => textOf(path).startsWith(`${root}.`));
}

const pathOf = (path: string) => path;

function startsAtType(structure: JsonObject): boolean {
  const root = elementsOf(structure, 'snapshot')[0];
  return isLogical(structure) || root === undefined || root.path === structure.type;
}

function isPublishedPlainly(structure: JsonObject): boolean {
  if (!textOf(structure.url).startsWith(HL7)) return true;
  return Object.entries(PUBLISHED).every(([view, plain]) => {
    const types = elementsOf(structure, view).flatMap((element) => objects(element, 'type'));
    const codes = types.flatMap(({ code }) => (code === undefined ? [] : [textOf(code)]));
    return codes.every((code) => plain.test(code) || SYSTEM_TYPE.test(code));
  });
}

const hasDefault: Rule = (element) => hasChoice(element, 'defaultValue');
const isDefined: Rule = (element) => ['definition', 'min', 'max'].every((name) => has(element, name));

const snapshotIds: Rule = (structure) => {
  const elements = elementsOf(structure, 'snapshot');
  return haveIds(elements) && areDistinct(idsOf(elements));
};

const differentialIds: Rule = (structure) => {
  const elements = elementsOf(structure, 'differential');
  return haveIds(elements) && areDistinct(idsOf(elements));
};

export const STRUCTURE: Record<string, RuleWithin> = {
  'sdf-1': (structure) =>
    structure.derivation === 'constraint' ||
    areDistinct(elementsOf(structure, 'snapshot').map(({ path }) => path ?? null)),
  'sdf-3': (snapshot) => objects(snapshot, 'element').every(isDefined),
  'sdf-4': (structure) => structure.abstract === true || has(structure, 'baseDefinition'),
  'sdf-5': (structure) =>
    structure.type !== 'Extension' || structure.derivation === 'specialization' || has(structure, 'context'),
  'sdf-6': anyOf('snapshot', 'differential'),
  'sdf-8': (snapshot) => areBelow(objects(snapshot, 'element'), pathOf),
  'sdf-8a': (differential, structure) =>
    beginsAtType(differential, structure) &&
    areBelow(objects(differential, 'element'), (path) => path.split('.')[0] ?? ''),
  'sdf-8b': (snapshot) => objects(snapshot, 'element').every((element) => has(element, 'base')),
  'sdf-9': (structure) =>
    elementsOf(structure, 'snapshot', 'differential')
      .filter(isRoot)
      .every((root) => ['label', 'code', 'requirements'].every((name) => !has(root, name))),
  'sdf-11': startsAtType,
  'sdf-14': (structure) => haveIds(elementsOf(structure, 'snapshot', 'differential')),
  'sdf-15': (structure) =>
    isLogical(structure) ||
    elementsOf(structure, 'snapshot')
      .slice(0, 1)
      .every((root) => !has(root, 'type')),
  'sdf-15a': (structure) =>
    isLogical(structure) ||
    elementsOf(structure, 'differential')
      .slice(0, 1)
      .filter(isRoot)
      .every((root) => !has(root, 'type')),
  'sdf-16': snapshotIds,
  'sdf-17': differentialIds,
  'sdf-18': (structure) => !has(structure, 'contextInvariant') || structure.type === 'Extension',
  'sdf-19': isPublishedPlainly,
  'sdf-20': (differential) =>
    objects(differential, 'element')
      .filter(isRoot)
      .every((root) => !has(root, 'slicing')),
  'sdf-21': (structure) =>
    structure.derivation === 'specialization' || !elementsOf(structure, 'differential').some(hasDefault),
  'sdf-22': (structure) =>
    !textOf(structure.url).startsWith(HL7) || !elementsOf(structure, 'snapshot', 'differential').some(hasDefault),
  'sdf-23': (structure) =>
    elementsOf(structure, 'snapshot', 'differential')
      .filter(isRoot)
      .every((root) => !has(root, 'sliceName')),
};
