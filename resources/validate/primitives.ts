/**
 * The primitive types of FHIR R4 (https://hl7.org/fhir/R4/datatypes.html#primitive), each with its JSON type and the
 * rule for its values. All regular expressions run in linear time.
 */
import { Decimal, type Json } from '../json/value.ts';
import { isDate, isDateTime, isInstant, isTime } from './dates.ts';
import { narrativeFault } from './narrative.ts';

export interface Primitive {
  json: 'string' | 'number' | 'boolean';
  /** The primitive type that this one specializes. */
  base?: string;
  /** Returns what is wrong with a value, as a phrase that continues its path; undefined if it is valid. */
  fault(text: string): string | undefined;
}

const ID = /^(?=.*[^.])[A-Za-z0-9.-]{1,64}$/;
const CODE = /^\S+(?:\s\S+)*$/;
const SPACE = /\s/;
const SPACES = /\s+/g;
const OID = /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/;
const UUID = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const INTEGER = /^(?:0|-?[1-9]\d*)$/;
const SOMETHING = /\S/;
/** Control characters and lone surrogates, which databases and other encodings cannot hold. */
const UNSTORABLE = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uD800-\uDFFF]/u;
const INT32 = 2_147_483_647;

/** Makes a primitive type that is a string in JSON. */
function text(isValid: (value: string) => boolean, remedy: string, base?: string): Primitive {
  const fault = (value: string) => (isValid(value) ? undefined : remedy);
  return { json: 'string', fault, ...(base === undefined ? {} : { base }) };
}

/** Makes an integer type with a range, both ends included. */
function whole(low: number, high: number, remedy: string, base?: string): Primitive {
  const isValid = (digits: string) => INTEGER.test(digits) && Number(digits) >= low && Number(digits) <= high;
  return { ...text(isValid, remedy, base), json: 'number' };
}

/**
 * Returns true for an id (R4 §2.24.0.1). An id of only dots is refused, since it would be a path segment such as `..`.
 */
export function isId(value: string): boolean {
  return ID.test(value);
}

/** Returns false for text that is empty, blank or cannot be stored. */
export function isText(value: string): boolean {
  return SOMETHING.test(value) && !UNSTORABLE.test(value);
}

/** Returns true for a URI without spaces; a `urn:uuid:` or `urn:oid:` must be complete. */
export function isUri(value: string): boolean {
  if (value === '' || SPACE.test(value) || UNSTORABLE.test(value)) return false;
  if (value.startsWith('urn:oid:')) return OID.test(value);
  return !value.startsWith('urn:uuid:') || UUID.test(value.toLowerCase());
}

function isBase64(value: string): boolean {
  const digits = SPACE.test(value) ? value.replace(SPACES, '') : value;
  return digits !== '' && digits.length % 4 === 0 && BASE64.test(digits);
}

const TEXT_REMEDY = 'must have text, without control characters; omit it if there is none';
const URI_REMEDY = 'must be a URI without spaces; a urn:oid: or urn:uuid: must be complete';

export const PRIMITIVES: Readonly<Record<string, Primitive>> = Object.assign(Object.create(null), {
  boolean: { json: 'boolean', fault: () => undefined },
  integer: whole(-INT32 - 1, INT32, 'must be a whole number between -2147483648 and 2147483647'),
  positiveInt: whole(1, INT32, 'must be a whole number between 1 and 2147483647', 'integer'),
  unsignedInt: whole(0, INT32, 'must be a whole number between 0 and 2147483647', 'integer'),
  // The parser has already checked the number and kept its digits.
  decimal: { json: 'number', fault: () => undefined },
  string: text(isText, TEXT_REMEDY),
  markdown: text(isText, TEXT_REMEDY, 'string'),
  code: text(
    (value) => CODE.test(value) && !UNSTORABLE.test(value),
    'must be a code: no spaces around it, only single spaces inside',
    'string',
  ),
  id: text(isId, 'must be an id: 1 to 64 letters, digits, - and ., and not only dots', 'string'),
  uri: text(isUri, URI_REMEDY),
  url: text(isUri, URI_REMEDY, 'uri'),
  canonical: text(isUri, URI_REMEDY, 'uri'),
  oid: text((value) => OID.test(value), 'must be an OID, such as urn:oid:1.2.3.4', 'uri'),
  uuid: text(
    (value) => UUID.test(value),
    'must be a UUID in lowercase, such as urn:uuid:c757873d-ec9a-4326-a141-556f43239520',
    'uri',
  ),
  base64Binary: text(isBase64, 'must be base64: A-Z, a-z, 0-9, + and /, in groups of four'),
  date: text(isDate, 'must be a valid date: YYYY, YYYY-MM or YYYY-MM-DD'),
  dateTime: text(
    isDateTime,
    'must be a valid date, or one with a time and a zone: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz',
  ),
  instant: text(isInstant, 'must be an instant with a time zone: YYYY-MM-DDThh:mm:ss+zz:zz'),
  time: text(isTime, 'must be a time of day: hh:mm:ss'),
  xhtml: { json: 'string', fault: narrativeFault },
});

/**
 * Returns what is wrong with a primitive value: first its JSON type, then its rule. `name` returns the element's name.
 */
export function primitiveFault(primitive: Primitive, value: Json, name: () => string): string | undefined {
  if (typeof value === primitive.json) return primitive.fault(typeof value === 'string' ? value : String(value));
  if (value instanceof Decimal && primitive.json === 'number') return primitive.fault(value.text);
  if (value === null) return 'must not be null: omit it';
  if (Array.isArray(value)) return 'must be a single value, not a list';
  if (typeof value === 'object' && !(value instanceof Decimal)) return 'must be a single value, not an object';
  if (primitive.json === 'string') return `must be a string: put it in quotes, as in ${name()}: "…"`;
  return primitive.json === 'number' ? 'must be a number, without quotes' : 'must be true or false, without quotes';
}

/** Returns a primitive type and the type that it specializes: `positiveInt`, `integer`. */
export function primitiveKinds(type: string): string[] {
  const base = PRIMITIVES[type]?.base;
  return base === undefined ? [type] : [type, base];
}
