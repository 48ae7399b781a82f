/** The invariants of the datatypes (https://hl7.org/fhir/R4/datatypes.html), by their ids. */
import { isObject, type JsonObject } from '../../json/value.ts';
import { isAfter } from '../dates.ts';
import { primitiveKinds } from '../primitives.ts';
import {
  allOrNone,
  anyOf,
  areDistinct,
  has,
  hasChoice,
  needs,
  notAll,
  numberOf,
  objects,
  oneOf,
  type Rule,
  textOf,
} from './values.ts';

const UCUM = 'http://unitsofmeasure.org';
const CURRENCIES = 'urn:iso:std:iso:4217';
/** The types that a binding is allowed for; it is allowed for their specializations, too. */
const CODED = ['code', 'Coding', 'CodeableConcept', 'Quantity', 'string', 'uri'];
const QUANTITIES = ['Age', 'Count', 'Distance', 'Duration', 'MoneyQuantity', 'SimpleQuantity'];
const SLICE_NAME = /^[a-zA-Z0-9/\-_[\]@]+$/;
/** The path of an element: names without these characters, each of at most 64. */
const PATH_NAME = /^[^\s.,:;'"/|?!@#$%&*()[\]{}]{1,64}(?:\[x\])?(?::[^\s.]+)?$/;
/** Timing codes for meals, which cannot have an offset. */
const MEALS = new Set(['C', 'CM', 'CD', 'CV']);

/** A Quantity with units of this system and, if it has a value, a code. */
const inUnitsOf =
  (system: string): Rule =>
  (value) =>
    (has(value, 'code') || !has(value, 'value')) && (!has(value, 'system') || value.system === system);

/** Returns true unless `low` is above `high`; quantities with different units are not compared. */
function isOrdered({ low, high }: JsonObject): boolean {
  if (!isObject(low) || !isObject(high) || measureOf(low) !== measureOf(high)) return true;
  return !(Number(low.value) > Number(high.value));
}

/** Returns what identifies a unit: its system and code, or its display name if it has no code. */
function measureOf({ system, code, unit }: JsonObject): string {
  return JSON.stringify(code === undefined ? [unit ?? ''] : [system ?? '', code]);
}

function isWhole({ value }: JsonObject): boolean {
  const number = numberOf(value);
  return number === undefined || (Number.isInteger(number) && !textOf(value).includes('.'));
}

function isInOrder({ start, end }: JsonObject): boolean {
  return typeof start !== 'string' || typeof end !== 'string' || !isAfter(start, end);
}

function hasUsableOffset(repeat: JsonObject): boolean {
  const when = Array.isArray(repeat.when) ? repeat.when : [];
  return (
    !has(repeat, 'offset') || (when.length > 0 && when.every((code) => typeof code === 'string' && !MEALS.has(code)))
  );
}

function isNotNegative(name: string): Rule {
  return (value) => !((numberOf(value[name]) ?? 0) < 0);
}

function isTriggered(value: JsonObject): boolean {
  const { type } = value;
  if (type === 'named-event') return has(value, 'name');
  if (type === 'periodic') return hasChoice(value, 'timing');
  return typeof type !== 'string' || !type.startsWith('data-') || has(value, 'data');
}

const SETTLED = ['defaultValue', 'fixed', 'pattern', 'minValue', 'maxValue'];

/** An element with a contentReference does not repeat parts of the definition. */
function refersAlone(element: JsonObject): boolean {
  if (!has(element, 'contentReference')) return true;
  const plain = ['type', 'example', 'maxLength', 'binding'].every((name) => !has(element, name));
  return plain && SETTLED.every((name) => !hasChoice(element, name));
}

function isBindable(element: JsonObject): boolean {
  const types = objects(element, 'type').map(({ code }) => textOf(code));
  return !has(element, 'binding') || types.length === 0 || types.some(isCoded);
}

function isCoded(type: string): boolean {
  return QUANTITIES.includes(type) || primitiveKinds(type).some((kind) => CODED.includes(kind));
}

function hasOrderedCardinality({ min, max }: JsonObject): boolean {
  return min === undefined || max === undefined || max === '*' || Number(min) <= Number(max);
}

function hasPath({ path }: JsonObject): boolean {
  return typeof path !== 'string' || path.split('.').every((name) => PATH_NAME.test(name));
}

const bindsToUrl: Rule = ({ valueSet }) => typeof valueSet !== 'string' || /^(?:http:|https|urn:)/.test(valueSet);
const isAddressable = ({ code }: JsonObject) => code === 'Reference' || code === 'canonical';

export const DATATYPES: Record<string, Rule> = {
  'age-1': (value) => inUnitsOf(UCUM)(value) && !((numberOf(value.value) ?? 1) <= 0),
  'att-1': needs('data', 'contentType'),
  'cnt-3': (value) =>
    inUnitsOf(UCUM)(value) && [undefined, '1'].includes(value.code as string | undefined) && isWhole(value),
  'cpt-2': needs('value', 'system'),
  'dis-1': inUnitsOf(UCUM),
  'drq-1': oneOf('path', 'searchParam'),
  'drq-2': oneOf('path', 'searchParam'),
  'drt-1': (value) => !has(value, 'code') || (value.system === UCUM && has(value, 'value')),
  'eld-1': anyOf('discriminator', 'description'),
  'eld-2': hasOrderedCardinality,
  'eld-4': (type) => !has(type, 'aggregation') || isAddressable(type),
  'eld-5': refersAlone,
  'eld-6': (element) => !hasChoice(element, 'fixed') || objects(element, 'type').length <= 1,
  'eld-7': (element) => !hasChoice(element, 'pattern') || objects(element, 'type').length <= 1,
  'eld-8': (element) => !hasChoice(element, 'pattern') || !hasChoice(element, 'fixed'),
  'eld-11': isBindable,
  'eld-12': bindsToUrl,
  'eld-13': (element) => areDistinct(objects(element, 'type').map(({ code }) => code ?? null)),
  'eld-14': (element) => areDistinct(objects(element, 'constraint').map(({ key }) => key ?? null)),
  'eld-15': (element) => !hasChoice(element, 'defaultValue') || !has(element, 'meaningWhenMissing'),
  'eld-16': ({ sliceName }) => typeof sliceName !== 'string' || SLICE_NAME.test(sliceName),
  'eld-17': (type) => isAddressable(type) || !has(type, 'targetProfile'),
  'eld-18': (element) => element.isModifier !== true || has(element, 'isModifierReason'),
  'eld-19': hasPath,
  'eld-22': needs('sliceIsConstraining', 'sliceName'),
  'exp-1': anyOf('expression', 'reference'),
  'link-1': (value) => has(value, 'reference') || (has(value, 'resourceType') && has(value, 'id')),
  'mqty-1': inUnitsOf(CURRENCIES),
  'per-1': isInOrder,
  'qty-3': needs('code', 'system'),
  'rat-1': (ratio) => allOrNone('numerator', 'denominator')(ratio) && anyOf('numerator', 'extension')(ratio),
  'rng-2': isOrdered,
  'sqty-1': (value) => !has(value, 'comparator'),
  'tim-1': needs('duration', 'durationUnit'),
  'tim-2': needs('period', 'periodUnit'),
  'tim-4': isNotNegative('duration'),
  'tim-5': isNotNegative('period'),
  'tim-6': needs('periodMax', 'period'),
  'tim-7': needs('durationMax', 'duration'),
  'tim-8': needs('countMax', 'count'),
  'tim-9': hasUsableOffset,
  'tim-10': notAll('timeOfDay', 'when'),
  'trd-1': (value) => !has(value, 'data') || !hasChoice(value, 'timing'),
  'trd-2': needs('condition', 'data'),
  'trd-3': isTriggered,
};
