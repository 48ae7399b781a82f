/** The invariants of conformance and terminology resources and of measures, by their ids in R4. */
import type { JsonObject } from '../../json/value.ts';
import { anyOf, areDistinct, countOf, has, hasChoice, needs, notAll, objects, type Rule, textOf } from './values.ts';

const whenKind =
  (kind: string, rule: Rule): Rule =>
  (value) =>
    value.kind !== kind || rule(value);

const describesSystem = anyOf('description', 'software', 'implementation');
const isSoftware: Rule = (value) => !has(value, 'implementation') && has(value, 'software');

/** The elements `name` differ in the values of `of`. */
const distinct =
  (name: string, ...of: string[]): Rule =>
  (value) =>
    areDistinct(objects(value, name).map((item) => JSON.stringify(of.map((part) => item[part] ?? null))));

function codesBelow(value: JsonObject): string[] {
  return objects(value, 'concept').flatMap((concept) => [textOf(concept.code), ...codesBelow(concept)]);
}

function hasDistinctPreferences(naming: JsonObject): boolean {
  const preferred = objects(naming, 'uniqueId').filter((id) => id.preferred === true);
  return areDistinct(preferred.map(({ type }) => type ?? null));
}

/** A stratifier or stratum has either its own description or components. */
function isStratified(name: 'stratifier' | 'stratum', described: Rule): Rule {
  return (measure) => {
    const stratifiers = objects(measure, 'group').flatMap((group) => objects(group, 'stratifier'));
    const parts = name === 'stratifier' ? stratifiers : stratifiers.flatMap((part) => objects(part, 'stratum'));
    return parts.every((part) => described(part) !== has(part, 'component'));
  };
}

function hasMaximum({ max }: JsonObject): boolean {
  return max === undefined || max === '*' || Number(max) > 0;
}

/** The groups that an implementation guide refers to are defined in it. */
function groupsExist(definition: JsonObject): boolean {
  const groups = new Set(objects(definition, 'grouping').map(({ id }) => id));
  return objects(definition, 'resource').every(({ groupingId }) => groupingId === undefined || groups.has(groupingId));
}

function releasesExist(guide: JsonObject): boolean {
  const releases = new Set(Array.isArray(guide.fhirVersion) ? guide.fhirVersion : []);
  const resources = objects(guide, 'definition').flatMap((definition) => objects(definition, 'resource'));
  const named = resources.flatMap(({ fhirVersion }) => (Array.isArray(fhirVersion) ? fhirVersion : []));
  return named.every((release) => releases.has(release));
}

function areVersionsCoded(system: JsonObject): boolean {
  const versions = objects(system, 'version');
  return versions.length <= 1 || versions.every((version) => has(version, 'code'));
}

const saysSomething: Rule = (entry) => has(entry, 'code') || has(entry, 'display');

export const CONFORMANCE: Record<string, Rule> = {
  'cmd-1': (value) => has(value, 'comment') || !['narrower', 'inexact'].includes(textOf(value.equivalence)),
  'cmd-2': (value) => value.mode !== 'fixed' || has(value, 'code'),
  'cmd-3': (value) => value.mode !== 'other-map' || has(value, 'url'),
  'cpb-1': anyOf('rest', 'messaging', 'document'),
  'cpb-2': describesSystem,
  'cpb-3': (value) => value.kind === 'instance' || objects(value, 'messaging').every((part) => !has(part, 'endpoint')),
  'cpb-7': distinct('document', 'profile', 'mode'),
  'cpb-9': distinct('resource', 'type'),
  'cpb-12': distinct('searchParam', 'name'),
  'cpb-14': whenKind('instance', (value) => has(value, 'implementation')),
  'cpb-15': whenKind('capability', isSoftware),
  'cpb-16': whenKind('requirements', (value) => countOf(value, ['implementation', 'software']) === 0),
  'csd-1': (value) => areDistinct(codesBelow(value)),
  'ig-1': groupsExist,
  'ig-2': releasesExist,
  'ipn-1': anyOf('identifier', 'name'),
  'md-1': hasMaximum,
  'mea-1': isStratified('stratifier', anyOf('code', 'description', 'criteria')),
  'mrp-1': (value) => value.type !== 'data-collection' || !has(value, 'group'),
  'mrp-2': isStratified('stratum', (stratum) => has(stratum, 'value')),
  'nsd-1': whenKind('root', (value) => objects(value, 'uniqueId').every(({ type }) => type !== 'uuid')),
  'nsd-2': hasDistinctPreferences,
  'opd-1': anyOf('type', 'part'),
  'opd-2': (value) => !has(value, 'searchType') || value.type === 'string',
  'opd-3': (value) => !has(value, 'targetProfile') || ['Reference', 'canonical'].includes(textOf(value.type)),
  'smp-1': needs('element', 'context'),
  'smp-2': needs('context', 'contextType'),
  'spd-1': needs('xpath', 'xpathUsage'),
  'spd-2': (value) => !has(value, 'chain') || value.type === 'reference',
  'tcp-1': areVersionsCoded,
  'tcp-2': describesSystem,
  'tcp-3': whenKind('instance', (value) => has(value, 'implementation')),
  'tcp-4': whenKind('capability', isSoftware),
  'tcp-5': whenKind('requirements', (value) => countOf(value, ['implementation', 'software']) === 0),
  'vsd-1': anyOf('valueSet', 'system'),
  'vsd-2': (value) => (!has(value, 'concept') && !has(value, 'filter')) || has(value, 'system'),
  'vsd-3': notAll('concept', 'filter'),
  'vsd-6': saysSomething,
  'vsd-9': (value) => has(value, 'code') || value.abstract === true,
  'vsd-10': needs('code', 'system'),
  'sdf-2': anyOf('name', 'uri'),
  'sdf-10': (element) => objects(element, 'binding').every((part) => has(part, 'valueSet') || has(part, 'description')),
  'que-7': (value) => value.operator !== 'exists' || !hasChoice(value, 'answer') || value.answerBoolean !== undefined,
};
