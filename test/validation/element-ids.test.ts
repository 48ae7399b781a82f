/** https://hl7.org/fhir/R4/element.html: the id of an element is unique within the resource, and has no spaces. */
import { describe } from 'mocha';
import { patient, type Row, rows } from './check.ts';

const name = (id: string) => ({ id, family: 'a' });
const contained = (id: string, ...names: string[]) => patient({ id, name: names.map(name) });
const holding = (...resources: object[]) =>
  patient({
    name: [name('a')],
    link: [
      { type: 'refer', other: { reference: '#one' } },
      { type: 'refer', other: { reference: '#two' } },
    ],
    contained: JSON.parse(JSON.stringify(resources)),
  });

const view = (...ids: string[]) => ({
  element: ids.map((id) => ({ id, path: id, definition: 'a', min: 0, max: '*', base: { path: id, min: 0, max: '*' } })),
});

describe('validation: ids of elements', () => {
  const table: Row[] = [
    ['two that differ', patient({ name: [name('a'), name('b')] })],
    ['two that differ in case', patient({ name: [name('a'), name('A')] })],
    ['the id of the resource is none of an element', patient({ id: 'a', name: [name('a')] })],
    ['one of a strange form', patient({ name: [name('a/b:c|d')] })],
    ['a space', patient({ name: [name('a b')] }), ['value', 'Patient.name[0].id']],
    ['a tab', patient({ name: [name('a\tb')] }), ['value', 'Patient.name[0].id']],
    ['one twice in a list', patient({ name: [name('a'), name('a')] }), ['value', 'Patient.name[1].id']],
    [
      'one at two depths',
      patient({ name: [name('a')], contact: [{ name: { id: 'a', text: 'b' } }] }),
      ['value', 'Patient.contact[0].name.id'],
    ],
    [
      'one beside a primitive',
      patient({ name: [name('a')], birthDate: '2024', _birthDate: { id: 'a' } }),
      ['value', 'Patient.birthDate.id'],
    ],
    [
      'one of an extension',
      patient({ name: [name('a')], extension: [{ id: 'a', url: 'http://a.example/b', valueString: 'c' }] }),
      ['value', 'Patient.extension[0].id'],
    ],
    ['contained resources are apart', holding(contained('one', 'a', 'b'), contained('two', 'a', 'b'))],
    [
      'one twice in a contained resource',
      holding(contained('one', 'a'), contained('two', 'a', 'a')),
      ['value', 'Patient.contained[1].name[1].id'],
    ],
    [
      'the resources of a Bundle are apart',
      {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [{ id: 'a', resource: contained('one', 'a') }, { resource: contained('two', 'a') }],
      },
    ],
    [
      'the views of a StructureDefinition are of the same elements',
      {
        resourceType: 'StructureDefinition',
        url: 'http://a.example/b',
        name: 'A',
        status: 'draft',
        kind: 'logical',
        abstract: true,
        type: 'http://a.example/b',
        snapshot: view('b', 'b.c'),
        differential: { element: [{ id: 'b.c', path: 'b.c' }] },
      },
    ],
  ];
  rows(table);
});
