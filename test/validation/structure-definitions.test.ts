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
  ];
  rows(table);
});
