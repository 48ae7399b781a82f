/** Every fault of a body is told of at once: one does not hide another, neither beside it nor above. */
import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { JsonObject } from '../../resources/json/value.ts';
import { runs } from '../harness/generated.ts';
import { findings, issuesOf, patient, type Row, registry, rows } from './check.ts';

const OBSERVATION = {
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  valueString: 'x',
  dataAbsentReason: { text: 'x' },
};

describe('validation: every issue', () => {
  const broken: ['invariant', string] = ['invariant', 'Observation'];
  const table: Row[] = [
    ['a rule beside an unknown element', { ...OBSERVATION, foo: 1 }, ['structure', 'Observation.foo'], broken],
    [
      'a rule above a code that is none',
      { ...OBSERVATION, identifier: [{ use: 'bad' }] },
      ['code-invalid', 'Observation.identifier[0].use'],
      broken,
    ],
    [
      'a rule above another',
      { ...OBSERVATION, referenceRange: [{ appliesTo: [{ text: 'x' }] }] },
      ['invariant', 'Observation.referenceRange[0]'],
      broken,
    ],
    [
      'a rule of the element that has the fault',
      patient({ contact: [{ gender: 'bad' }] }),
      ['code-invalid', 'Patient.contact[0].gender'],
      ['invariant', 'Patient.contact[0]'],
    ],
    [
      'a period whose end is no date is not also out of order',
      patient({ name: [{ text: 'x', period: { start: '2024', end: '1' } }] }),
      ['value', 'Patient.name[0].period.end'],
    ],
    [
      'a reference by half a UUID',
      patient({ managingOrganization: { reference: 'urn:uuid:xyz' } }),
      ['value', 'Patient.managingOrganization.reference'],
    ],
  ];
  rows(table);

  it('tells of what is wrong with a name and with its neighbour', () => {
    const found = findings(patient({ name: 5, birthDate: '2023-02-29', gender: 'x' }));
    expect(found.map(([, place]) => place)).to.have.members(['Patient.name', 'Patient.birthDate', 'Patient.gender']);
  });

  it('never fails of an element that is called as JavaScript calls a conversion', () => {
    for (const type of registry.names()) {
      const names = Object.keys(registry.get(type)?.elements ?? {});
      for (const value of [{ toString: 0 }, [{ valueOf: 'x', toString: null }]]) {
        const nested = Object.fromEntries(['value', 'code', 'path', 'url', 'type'].map((name) => [name, value]));
        for (const content of [value, nested, [nested]]) {
          const members = names.map((name) => [name, content]);
          expect(issuesOf({ resourceType: type, ...Object.fromEntries(members) } as JsonObject)).not.to.eql([]);
        }
      }
    }
  });

  // A rule is asked of values of any shape, and must pass over those that it is not about.
  it('never fails of a body, whatever is in it', () => {
    const types = fc.constantFrom(...registry.names());
    const property = fc.property(types, fc.nat(), fc.jsonValue({ maxDepth: 3 }), (type, seed, value) => {
      const names = Object.keys(registry.get(type)?.elements ?? {});
      const some = names.filter((_, index) => (seed >> (index % 24)) & 1);
      const members = some.map((name, index) => [name, index % 2 ? value : [value, { [name]: value }]]);
      const resource = { resourceType: type, ...Object.fromEntries(members) } as JsonObject;
      for (const { diagnostics } of issuesOf(resource)) expect(diagnostics).to.be.a('string');
    });
    fc.assert(property, runs(20_000));
  });
});
