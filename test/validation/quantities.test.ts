/** Rules of quantities that look at their numbers and units (https://hl7.org/fhir/R4/datatypes.html#Quantity). */
import { describe } from 'mocha';
import { Decimal, type Json, type JsonObject } from '../../resources/json/value.ts';
import { type Finding, type Row, rows } from './check.ts';

const UCUM = 'http://unitsofmeasure.org';
const broken = (type: string): Finding => ['invariant', `Parameters.parameter[0].value.ofType(${type})`];
const parameter = (name: string, value: JsonObject): JsonObject => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'a', [name]: value }],
});
const count = (value: Json) => parameter('valueCount', { value, code: '1', system: UCUM });
const range = (low: JsonObject, high: JsonObject) => parameter('valueRange', { low, high });
const milligrams = (value: number, unit: string) => ({ value, unit, code: 'mg', system: UCUM });

describe('validation: quantities', () => {
  const table: Row[] = [
    ['cnt-3, of a whole number with an exponent', count(new Decimal('1e1'))],
    ['cnt-3, broken by a fraction with an exponent', count(new Decimal('1e-1')), broken('Count')],
    ['cnt-3, broken by a point', count(new Decimal('1.0')), broken('Count')],
    ['rng-2, of one code', range(milligrams(1, 'mg'), milligrams(2, 'milligrams'))],
    [
      'rng-2, broken in units of one code that have two names',
      range(milligrams(2, 'mg'), milligrams(1, 'milligrams')),
      broken('Range'),
    ],
    ['rng-2, of one name and two codes', range({ ...milligrams(2, 'a'), code: 'g' }, milligrams(1, 'a'))],
    [
      'rng-2, broken in units of a name alone',
      range({ value: 2, unit: 'a' }, { value: 1, unit: 'a' }),
      broken('Range'),
    ],
  ];
  rows(table);
});
