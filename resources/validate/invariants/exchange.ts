/**
 * The invariants of resources that carry or link others: Bundle, Parameters, Composition, Linkage, by their ids in R4.
 */
import { isObject, type JsonObject } from '../../json/value.ts';
import { anyOf, areDistinct, has, hasChoice, notAll, objects, type Rule, textOf } from './values.ts';

const isOf =
  (...types: string[]): Rule =>
  ({ type }) =>
    types.includes(textOf(type));

/** For Bundles of these types every entry has the element, for others none. */
const entriesHave =
  (name: string, types: Rule): Rule =>
  (bundle) =>
    objects(bundle, 'entry').every((entry) => has(entry, name) === types(bundle));

function startsWith(bundle: JsonObject, type: string): boolean {
  const first = objects(bundle, 'entry')[0]?.resource ?? null;
  return isObject(first) && first.resourceType === type;
}

/** A fullUrl occurs once, or once per version. */
function hasDistinctUrls(bundle: JsonObject): boolean {
  if (bundle.type === 'history') return true;
  const named = objects(bundle, 'entry').filter((entry) => has(entry, 'fullUrl'));
  return areDistinct(
    named.map((entry) => {
      const version = objects(entry, 'resource').flatMap((resource) => objects(resource, 'meta'))[0]?.versionId;
      return `${textOf(entry.fullUrl)} ${textOf(version)}`;
    }),
  );
}

function isIdentified(bundle: JsonObject): boolean {
  return objects(bundle, 'identifier').some((identifier) => has(identifier, 'system') && has(identifier, 'value'));
}

/** A parameter has exactly one of a value, a resource and parts. */
function hasOneContent(parameter: JsonObject): boolean {
  const contents = [hasChoice(parameter, 'value'), has(parameter, 'resource'), has(parameter, 'part')];
  return contents.filter((isThere) => isThere).length === 1;
}

const isDocument = isOf('document');

export const EXCHANGE: Record<string, Rule> = {
  'bdl-1': (bundle) => !has(bundle, 'total') || isOf('searchset', 'history')(bundle),
  'bdl-2': (bundle) => isOf('searchset')(bundle) || objects(bundle, 'entry').every((entry) => !has(entry, 'search')),
  'bdl-3': entriesHave('request', isOf('batch', 'transaction', 'history')),
  'bdl-4': entriesHave('response', isOf('batch-response', 'transaction-response', 'history')),
  'bdl-5': anyOf('resource', 'request', 'response'),
  'bdl-7': hasDistinctUrls,
  'bdl-8': ({ fullUrl }) => typeof fullUrl !== 'string' || !fullUrl.includes('/_history/'),
  'bdl-9': (bundle) => !isDocument(bundle) || isIdentified(bundle),
  'bdl-10': (bundle) => !isDocument(bundle) || bundle.timestamp !== undefined,
  'bdl-11': (bundle) => !isDocument(bundle) || startsWith(bundle, 'Composition'),
  'bdl-12': (bundle) => !isOf('message')(bundle) || startsWith(bundle, 'MessageHeader'),
  'cmp-1': anyOf('text', 'entry', 'section'),
  'cmp-2': notAll('emptyReason', 'entry'),
  'inv-1: A parameter must have one and only one of (value, resource, part)': hasOneContent,
  'lnk-1': ({ item }) => Array.isArray(item) && item.length > 1,
};
