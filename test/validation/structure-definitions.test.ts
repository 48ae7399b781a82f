/** Rules of StructureDefinition that look at more than the element that they are of. */
import { describe } from 'mocha';
import type { JsonObject } from '../../resources/json/value.ts';
import { type Row, rows } from './check.ts';

const structure = (...element: JsonObject[]): JsonObject => ({
  resourceType: 'StructureDefinition',
  url: 'http://a.example/a',
  name: 'A',
  status: 'draft',
  kind: 'resource',
  abstract: false,
  type: 'Patient',
  baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
  derivation: 'constraint',
  differential: { element: element.map((each, index) => ({ id: `e${index}`, ...each })) },
});

const bound = { binding: { strength: 'required', valueSet: 'http://a.example/a' } };
const published = (code: string): JsonObject => ({
  ...structure({ path: 'Patient.a', type: [{ code }] }),
  url: 'http://hl7.org/fhir/StructureDefinition/a',
});

describe('validation: rules of StructureDefinition', () => {
  const table: Row[] = [
    ['sdf-8a', structure({ path: 'Patient' }, { path: 'Patient.name' })],
    ['sdf-8a, of a logical model', { ...structure({ path: 'Any' }), kind: 'logical' }],
    [
      'sdf-8a, broken by the first element',
      structure({ path: 'Observation' }),
      ['invariant', 'StructureDefinition.differential'],
    ],
    [
      'sdf-8a, broken by another element',
      structure({ path: 'Patient' }, { path: 'Observation.code' }),
      ['invariant', 'StructureDefinition.differential'],
    ],
    [
      'sdf-8a, broken in a contained one',
      {
        resourceType: 'Basic',
        code: { text: 'a' },
        contained: [{ ...structure({ path: 'Observation' }), id: 'a' }],
        extension: [{ url: 'http://a.example', valueReference: { reference: '#a' } }],
      },
      ['invariant', 'Basic.contained[0].differential'],
    ],
    ['eld-11, of a kind of Quantity', structure({ path: 'Patient.a', type: [{ code: 'Duration' }], ...bound })],
    ['eld-11, of a kind of uri', structure({ path: 'Patient.a', type: [{ code: 'canonical' }], ...bound })],
    [
      'eld-11, broken',
      structure({ path: 'Patient.a', type: [{ code: 'boolean' }], ...bound }),
      ['invariant', 'StructureDefinition.differential.element[0]'],
    ],
    ['sdf-19', published('http://hl7.org/fhirpath/System.String')],
    ['sdf-19, broken by a type with a point in a differential', published('a.b'), ['invariant', 'StructureDefinition']],
  ];
  rows(table);
});
