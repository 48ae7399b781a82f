/** The invariants of clinical and administrative resources, by their ids in R4. */
import { isObject, type JsonObject } from '../../json/value.ts';
import { isAfter } from '../dates.ts';
import { parseLiteral } from '../references.ts';
import {
  allOrNone,
  anyOf,
  has,
  hasChoice,
  hasCoding,
  needs,
  notAll,
  numberOf,
  objects,
  oneOf,
  type Rule,
  type RuleWithin,
  textOf,
} from './values.ts';

const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem/';
const UCUM = 'http://unitsofmeasure.org';

const isMistakenAllergy: Rule = ({ verificationStatus }) =>
  hasCoding(verificationStatus, `${TERMINOLOGY}allergyintolerance-verification`, 'entered-in-error');

const isMistakenCondition: Rule = ({ verificationStatus }) =>
  hasCoding(verificationStatus, `${TERMINOLOGY}condition-ver-status`, 'entered-in-error');

const isOver: Rule = ({ clinicalStatus }) =>
  hasCoding(clinicalStatus, `${TERMINOLOGY}condition-clinical`, 'resolved', 'remission', 'inactive');

const isTimeless: Rule = ({ status }) => ['proposed', 'cancelled', 'waitlist'].includes(textOf(status));

const isNotHome: Rule = ({ use }) => use !== 'home';

function isHandedOverLast({ whenPrepared, whenHandedOver }: JsonObject): boolean {
  if (typeof whenPrepared !== 'string' || typeof whenHandedOver !== 'string') return true;
  return !isAfter(whenPrepared, whenHandedOver);
}

/** If an Observation has a value, no component may have the same code. */
function isSaidOnce(observation: JsonObject): boolean {
  if (!hasChoice(observation, 'value')) return true;
  const own = new Set(codingsOf(observation.code));
  return !objects(observation, 'component').some(({ code }) => codingsOf(code).some((coding) => own.has(coding)));
}

/** The codings of a concept, the same text for the same one. */
function codingsOf(concept: JsonObject[string] | undefined): string[] {
  if (concept === undefined || !isObject(concept)) return [];
  return objects(concept, 'coding').map((coding) => JSON.stringify(sorted(coding)));
}

function sorted(value: JsonObject): [string, string][] {
  return Object.entries(value)
    .map(([key, item]): [string, string] => [key, textOf(item)])
    .sort();
}

function isPercentage(probability: JsonObject): boolean {
  return ['low', 'high'].every((name) =>
    objects(probability, name).every(({ code, system }) => code === '%' && system === UCUM),
  );
}

function isModifiedLast({ authoredOn, lastModified }: JsonObject): boolean {
  return typeof authoredOn !== 'string' || typeof lastModified !== 'string' || !isAfter(authoredOn, lastModified);
}

/** The types of members of a CareTeam that may not act on behalf of an organization. */
const NOT_ACTING = new Set(['CareTeam', 'Organization', 'Patient', 'PractitionerRole', 'RelatedPerson']);

/** ctm-1 resolves the member; here its reference tells the type. A member of unknown type may be a Practitioner. */
const actsAsPractitioner: RuleWithin = (participant, careTeam) =>
  !has(participant, 'onBehalfOf') ||
  objects(participant, 'member').every((member) => !NOT_ACTING.has(targetType(member, careTeam)));

function targetType({ reference, type }: JsonObject, resource: JsonObject): string {
  if (typeof reference !== 'string') return textOf(type);
  const literal = parseLiteral(reference);
  if (literal?.kind !== 'fragment') return literal?.type ?? '';
  const contained = objects(resource, 'contained').find(({ id }) => id === literal.id);
  return textOf(contained?.resourceType);
}

export const CLINICAL: Record<string, RuleWithin> = {
  'ait-1': (value) => isMistakenAllergy(value) || has(value, 'clinicalStatus'),
  'ait-2': (value) => !isMistakenAllergy(value) || !has(value, 'clinicalStatus'),
  'app-1': anyOf('type', 'actor'),
  'app-2': allOrNone('start', 'end'),
  'app-3': (value) => (has(value, 'start') && has(value, 'end')) || isTimeless(value),
  'app-4': (value) => !has(value, 'cancelationReason') || ['noshow', 'cancelled'].includes(textOf(value.status)),
  'apr-1': anyOf('participantType', 'actor'),
  'ces-1': oneOf('category', 'productOrService'),
  'con-1': anyOf('summary', 'assessment'),
  'con-2': anyOf('code', 'detail'),
  'con-4': (value) => !hasChoice(value, 'abatement') || isOver(value),
  'con-5': (value) => !isMistakenCondition(value) || !has(value, 'clinicalStatus'),
  'cpl-3': notAll('detail', 'reference'),
  'ctm-1': actsAsPractitioner,
  'fhs-1': (value) => !hasChoice(value, 'age') || !hasChoice(value, 'born'),
  'fhs-2': (value) => hasChoice(value, 'age') || !has(value, 'estimatedAge'),
  'gol-1': (value) => !hasChoice(value, 'detail') || has(value, 'measure'),
  'grp-1': (value) => !has(value, 'member') || value.actual === true,
  'imm-1': anyOf('documentType', 'reference'),
  'imr-1': anyOf('vaccineCode', 'targetDisease'),
  'inv-1: Last modified date must be greater than or equal to authored-on date.': isModifiedLast,
  'lst-1': notAll('emptyReason', 'entry'),
  'lst-2': (value) => value.mode === 'changes' || objects(value, 'entry').every((entry) => !has(entry, 'deleted')),
  'lst-3': (value) => value.mode === 'working' || objects(value, 'entry').every((entry) => !has(entry, 'date')),
  'mad-1': (value) => has(value, 'dose') || hasChoice(value, 'rate'),
  'mdd-1': isHandedOverLast,
  'msq-3': ({ coordinateSystem }) => coordinateSystem === 0 || coordinateSystem === 1,
  'msq-5': allOrNone('chromosome', 'genomeBuild'),
  'msq-6': oneOf('genomeBuild', 'referenceSeqId', 'referenceSeqPointer', 'referenceSeqString'),
  'obs-3': anyOf('low', 'high', 'text'),
  'obs-6': (value) => !has(value, 'dataAbsentReason') || !hasChoice(value, 'value'),
  'obs-7': isSaidOnce,
  'org-1': anyOf('identifier', 'name'),
  'org-2': isNotHome,
  'org-3': isNotHome,
  'pat-1': anyOf('name', 'telecom', 'address', 'organization'),
  'ppc-1': anyOf('policy', 'policyRule'),
  'prr-1': needs('orderDetail', 'code'),
  'qrs-1': notAll('answer', 'item'),
  'ras-1': isPercentage,
  'ras-2': ({ probabilityDecimal }) => (numberOf(probabilityDecimal) ?? 0) <= 100,
  'rqg-1': oneOf('resource', 'action'),
  'sev-1': notAll('name', 'query'),
};
