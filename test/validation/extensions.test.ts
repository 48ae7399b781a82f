/** R4 §2.5 (extensibility). */
import { describe } from 'mocha';
import type { JsonObject } from '../../resources/json/value.ts';
import { patient, type Row, rows } from './check.ts';

const CORE = 'http://hl7.org/fhir/StructureDefinition/';
const withExtension = (...extension: JsonObject[]): JsonObject => patient({ extension });
const url = 'http://a.example/b';
const place = 'Patient.extension[0]';

describe('validation: extensions', () => {
  const table: Row[] = [
    ['a value', withExtension({ url, valueString: 'a' })],
    ['extensions of its own', withExtension({ url, extension: [{ url: 'a', valueString: 'b' }] })],
    ['a value that is extended only', withExtension({ url, _valueString: { extension: [{ url, valueCode: 'a' }] } })],
    ['neither (ext-1)', withExtension({ url, id: 'a' }), ['invariant', place]],
    [
      'both (ext-1)',
      withExtension({ url, valueString: 'a', extension: [{ url: 'a', valueString: 'b' }] }),
      ['invariant', place],
    ],
    ['two values', withExtension({ url, valueString: 'a', valueCode: 'b' }), ['structure', `${place}.value`]],
    ['a value of no type', withExtension({ url, valueFoo: 'a' }), ['structure', `${place}.value`]],
    ['no url', withExtension({ valueString: 'a' }), ['required', `${place}.url`]],
    ['a relative url', withExtension({ url: 'b', valueString: 'a' }), ['extension', `${place}.url`]],
    ['a url with a space', withExtension({ url: 'http://a b', valueString: 'a' }), ['value', `${place}.url`]],
    ['a fault in its value', withExtension({ url, valueDate: '2023-02-29' }), ['value', `${place}.value.ofType(date)`]],
    ['on a datatype', patient({ name: [{ extension: [{ url }] }] }), ['invariant', 'Patient.name[0].extension[0]']],
    ['a modifier extension', patient({ modifierExtension: [{ url, valueBoolean: true }] })],
    [
      'a modifier extension where there is none',
      patient({ name: [{ modifierExtension: [{ url, valueBoolean: true }] }] }),
      ['structure', 'Patient.name[0].modifierExtension'],
    ],
  ];
  rows(table);
});

describe('validation: the extensions of the core specification', () => {
  const birthPlace = `${CORE}patient-birthPlace`;
  const birthTime = { url: `${CORE}patient-birthTime`, valueDateTime: '2024-01-01T00:00:00Z' };
  const citizenship = (...extension: JsonObject[]) => withExtension({ url: `${CORE}patient-citizenship`, extension });
  const table: Row[] = [
    ['the value type', withExtension({ url: birthPlace, valueAddress: { city: 'a' } })],
    ['another value type', withExtension({ url: birthPlace, valueString: 'a' }), ['extension', place]],
    [
      'extensions instead of a value',
      withExtension({ url: birthPlace, extension: [{ url: 'a', valueString: 'b' }] }),
      ['extension', place],
    ],
    [
      'twice, where it may stand once',
      withExtension({ url: birthPlace, valueAddress: { city: 'a' } }, { url: birthPlace, valueAddress: { city: 'b' } }),
      ['extension', 'Patient.extension'],
    ],
    [
      'another place',
      patient({ name: [{ family: 'a', extension: [{ url: birthPlace, valueAddress: { city: 'a' } }] }] }),
      ['extension', 'Patient.name[0].extension[0]'],
    ],
    ['the element it is for', patient({ birthDate: '2024', _birthDate: { extension: [birthTime] } })],
    ['another element', withExtension(birthTime), ['extension', place]],
    ['any element', patient({ _gender: { extension: [{ url: `${CORE}data-absent-reason`, valueCode: 'unknown' }] } })],
    [
      'a code of its value set',
      patient({ _gender: { extension: [{ url: `${CORE}data-absent-reason`, valueCode: 'a' }] } }),
      ['code-invalid', 'Patient.gender.extension[0].value.ofType(code)'],
    ],
    [
      'a datatype',
      patient({ name: [{ _family: { extension: [{ url: `${CORE}humanname-own-name`, valueString: 'a' }] } }] }),
    ],
    ['a part', citizenship({ url: 'code', valueCodeableConcept: { text: 'a' } })],
    ['a part of another type', citizenship({ url: 'code', valueString: 'a' }), ['extension', `${place}.extension[0]`]],
    ['an unknown part', citizenship({ url: 'foo', valueString: 'a' }), ['extension', `${place}.extension[0].url`]],
    [
      'a part twice',
      citizenship({ url: 'period', valuePeriod: { start: '2024' } }, { url: 'period', valuePeriod: { start: '2025' } }),
      ['extension', `${place}.extension[1]`],
    ],
    [
      'a part that is required',
      withExtension({
        url: `${CORE}patient-animal`,
        extension: [{ url: 'breed', valueCodeableConcept: { text: 'a' } }],
      }),
      ['extension', place],
    ],
    [
      'not a modifier',
      patient({ modifierExtension: [{ url: birthPlace, valueAddress: { city: 'a' } }] }),
      ['extension', 'Patient.modifierExtension[0]'],
    ],
    ['one that a later release may know', withExtension({ url: `${CORE}patient-of-the-future`, valueString: 'a' })],
  ];
  rows(table);
});
