import {
  boolCoreTag,
  DUMP_SCHEMA,
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  floatCoreTag,
  intCoreTag,
  NOT_RESOLVED,
  nullCoreTag,
  Schema,
  strTag,
} from 'js-yaml';
import { NUMBER_LIMITS, numberFrom } from '../../resources/json/number.ts';
import { textProblem } from '../../resources/json/text.ts';
import { Decimal } from '../../resources/json/value.ts';

/** A placeholder for a rejected scalar, until its collection, which knows the position, reports the reason. */
export class Refused {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

const TAG = 'tag:yaml.org,2002:';
const NUMBER_START = [...'+-.0123456789'];
const INTEGER = /^(?:0o[0-7]+|0x[\da-fA-F]+|[-+]?\d+)$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const NOT_JSON = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** No number within the limits is longer in any base; longer ones are not converted at all. */
const LONGEST_SPELLING = 100;

/** Converts a YAML number to JSON's spelling: `+05.` is 5, `.50` is 0.50, `0x1F` is 31. */
function jsonSpelling(source: string): string {
  if (/^0[ox]/.test(source)) return String(BigInt(source));
  return source
    .replace(/^\+/, '')
    .replace(/^(-?)0+(?=\d)/, '$1')
    .replace(/^(-?)\./, '$10.')
    .replace(/\.(?!\d)/, '');
}

function resolveNumber(pattern: RegExp, source: string): unknown {
  if (NOT_JSON.test(source)) return new Refused('JSON has no infinity or NaN: quote the value if it is a string');
  if (!pattern.test(source)) return NOT_RESOLVED;
  if (source.length > LONGEST_SPELLING) return new Refused(NUMBER_LIMITS);
  return numberFrom(jsonSpelling(source)) ?? new Refused(NUMBER_LIMITS);
}

const readString = defineScalarTag<unknown>(strTag.tagName, {
  resolve: (source) => {
    const problem = textProblem(source);
    return problem === undefined ? source : new Refused(problem);
  },
  identify: () => false,
});

const readInteger = defineScalarTag<unknown>(`${TAG}int`, {
  implicit: true,
  implicitFirstChars: NUMBER_START,
  resolve: (source) => resolveNumber(INTEGER, source),
  identify: () => false,
});

const readFloat = defineScalarTag<unknown>(`${TAG}float`, {
  implicit: true,
  implicitFirstChars: NUMBER_START,
  resolve: (source) => resolveNumber(FLOAT, source),
  identify: () => false,
});

const refuseMerge = defineScalarTag<unknown>(`${TAG}ward-merge`, {
  implicit: true,
  implicitFirstChars: ['<'],
  resolve: (source) =>
    source === '<<' ? new Refused('merge keys (<<) are not allowed: write the elements out') : NOT_RESOLVED,
  identify: () => false,
});

const readSequence = defineSequenceTag<unknown[]>(`${TAG}seq`, {
  create: () => [],
  addItem: (list, item) => {
    if (item instanceof Refused) return item.reason;
    list.push(item);
    return '';
  },
  identify: () => false,
});

const readMapping = defineMappingTag<Record<string, unknown>>(`${TAG}map`, {
  create: () => ({}),
  addPair: (object, key, value) => {
    if (key instanceof Refused) return key.reason;
    if (typeof key !== 'string') return 'a key must be a string: quote it';
    if (key === '__proto__') return 'the key "__proto__" is not allowed';
    if (value instanceof Refused) return value.reason;
    object[key] = value;
    return '';
  },
  has: (object, key) => typeof key === 'string' && Object.hasOwn(object, key),
  keys: Object.keys,
  get: (object, key) => object[String(key)],
  identify: () => false,
});

/** The JSON-compatible part of YAML 1.2's core schema; numbers keep their digits (YAML 1.2.2 §10.3). */
export const READ_SCHEMA = new Schema([
  readString,
  nullCoreTag,
  boolCoreTag,
  refuseMerge,
  readInteger,
  readFloat,
  readSequence,
  readMapping,
]);

const tagOf = (name: string) => {
  const tag = DUMP_SCHEMA.implicitScalarTags.find((candidate) => candidate.tagName === `${TAG}${name}`);
  if (tag === undefined) throw new Error(`js-yaml's dump schema has no ${name}`);
  return tag;
};

const isWhole = (value: Decimal): boolean => INTEGER.test(value.text);

/**
 * js-yaml's schema for writing. It quotes every string that a YAML 1.1 or 1.2 parser would read as another type (`yes`,
 * `012`, `2020-01-01`), and writes a Decimal as a number with its own digits.
 */
export const WRITE_SCHEMA = DUMP_SCHEMA.withTags(
  {
    ...tagOf('int'),
    identify: (value) => (value instanceof Decimal ? isWhole(value) : intCoreTag.identify(value)),
    represent: (value) => String(value),
  },
  {
    ...tagOf('float'),
    identify: (value) => (value instanceof Decimal ? !isWhole(value) : floatCoreTag.identify(value)),
    // YAML 1.1 reads 2.e-3 as a number and 2e-3 as a string; our parser drops the point.
    represent: (value: number | Decimal) => String(value).replace(/^(-?\d+)(e[+-])/i, '$1.$2'),
  },
);
