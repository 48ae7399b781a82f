/** R4 §2.6.2 (JSON) and §2.24 (elements): what may be where. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { issuesOf, patient, type Row, rows } from './check.ts';

const observation = (elements: object) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'a' },
  ...elements,
});

const extension = { url: 'http://a.example/b', valueString: 'c' };

describe('validation: elements', () => {
  const table: Row[] = [
    ['a resource may be empty', patient({})],
    ['an unknown element', patient({ nom: 'a' }), ['structure', 'Patient.nom']],
    [
      'an unknown element below',
      patient({ name: [{ given: ['a'] }, { first: 'a' }] }),
      ['structure', 'Patient.name[1].first'],
    ],
    ['an unknown element of a strange name', patient({ 'a b': 1 }), ['structure', 'Patient']],
    ['an unknown sibling', patient({ _nom: { id: 'a' } }), ['structure', 'Patient.nom']],
    ['a sibling of what is not primitive', patient({ _name: [{ id: 'a' }] }), ['structure', 'Patient.name']],
    ['__proto__ is no element', patient(JSON.parse('{"__proto__": {"a": 1}}')), ['structure', 'Patient.__proto__']],
    [
      'another resourceType inside',
      patient({ contact: [{ resourceType: 'a', name: { text: 'a' } }] }),
      ['structure', 'Patient.contact[0].resourceType'],
    ],
    ['a value where a list belongs', patient({ name: { family: 'a' } }), ['structure', 'Patient.name']],
    ['a list where a value belongs', patient({ birthDate: ['2024'] }), ['value', 'Patient.birthDate']],
    [
      'a list where an object belongs',
      patient({ maritalStatus: [{ text: 'a' }] }),
      ['structure', 'Patient.maritalStatus'],
    ],
    ['a value where an object belongs', patient({ maritalStatus: 'M' }), ['structure', 'Patient.maritalStatus']],
    ['an object where a value belongs', patient({ birthDate: { value: '2024' } }), ['value', 'Patient.birthDate']],
    ['an empty list', patient({ name: [] }), ['structure', 'Patient.name']],
    ['an empty object', patient({ maritalStatus: {} }), ['structure', 'Patient.maritalStatus']],
    ['an empty object in a list', patient({ name: [{}] }), ['structure', 'Patient.name[0]']],
    ['null for a value', patient({ birthDate: null }), ['value', 'Patient.birthDate']],
    ['null for an object', patient({ maritalStatus: null }), ['structure', 'Patient.maritalStatus']],
    ['null for a list', patient({ name: null }), ['structure', 'Patient.name']],
    ['null in a list of objects', patient({ name: [null] }), ['structure', 'Patient.name[0]']],
    ['null in a list of values', patient({ name: [{ given: [null] }] }), ['structure', 'Patient.name[0].given[0]']],
    [
      'an object with an id alone (ele-1)',
      patient({ maritalStatus: { id: 'a' } }),
      ['invariant', 'Patient.maritalStatus'],
    ],
    ['a required element', patient({ link: [{ other: { display: 'a' } }] }), ['required', 'Patient.link[0].type']],
    [
      'two required elements',
      { resourceType: 'Observation' },
      ['required', 'Observation.status'],
      ['required', 'Observation.code'],
    ],
    [
      'a required element by its sibling alone',
      patient({
        link: [{ other: { display: 'a' }, _type: { extension: [extension] } }],
      }),
    ],
    [
      'several faults at once',
      patient({ gender: 'x', birthDate: 'y', nom: 'z' }),
      ['code-invalid', 'Patient.gender'],
      ['value', 'Patient.birthDate'],
      ['structure', 'Patient.nom'],
    ],
    [
      'a nested element that has the children of another',
      {
        resourceType: 'Questionnaire',
        status: 'draft',
        item: [{ linkId: '1', type: 'group', item: [{ linkId: '2' }] }],
      },
      ['required', 'Questionnaire.item[0].item[0].type'],
    ],
  ];
  rows(table);
});

describe('validation: choices', () => {
  const table: Row[] = [
    ['one type', observation({ valueQuantity: { value: 1 } })],
    ['a primitive type and what stands beside it', observation({ valueString: 'a', _valueString: { id: 'b' } })],
    [
      'a fault in it',
      observation({ valueQuantity: { value: 'a' } }),
      ['value', 'Observation.value.ofType(Quantity).value'],
    ],
    [
      'a fault beside it',
      observation({ _valueString: { id: 'b' } }),
      ['invariant', 'Observation.value.ofType(string)'],
    ],
    ['a type that it has not', observation({ valueAddress: { text: 'a' } }), ['structure', 'Observation.value']],
    ['a type that there is not', observation({ valueFoo: 1 }), ['structure', 'Observation.value']],
    ['its bare name', observation({ value: 1 }), ['structure', 'Observation.value']],
    ['two types', observation({ valueString: 'a', valueInteger: 1 }), ['structure', 'Observation.value']],
    [
      'two types, one of them beside',
      observation({ valueInteger: 1, _valueString: { extension: [extension] } }),
      ['structure', 'Observation.value'],
    ],
    [
      'two types, one in both halves',
      observation({ valueInteger: 1, valueString: 'a', _valueString: { id: 'b' } }),
      ['structure', 'Observation.value'],
    ],
    [
      'a required one that is missing',
      { resourceType: 'MedicationStatement', status: 'active', subject: { display: 'a' } },
      ['required', 'MedicationStatement.medication'],
    ],
  ];
  rows(table);
});

describe('validation: what stands beside a primitive', () => {
  const given = (values: unknown, siblings: unknown) =>
    patient({ name: [JSON.parse(JSON.stringify({ given: values, _given: siblings }))] });
  const table: Row[] = [
    ['an id and an extension', patient({ birthDate: '2024', _birthDate: { id: 'a', extension: [extension] } })],
    ['an extension instead of the value', patient({ _birthDate: { extension: [extension] } })],
    ['an id instead of the value (ele-1)', patient({ _birthDate: { id: 'a' } }), ['invariant', 'Patient.birthDate']],
    ['nothing', patient({ birthDate: '2024', _birthDate: {} }), ['structure', 'Patient.birthDate']],
    ['null', patient({ birthDate: '2024', _birthDate: null }), ['structure', 'Patient.birthDate']],
    ['a value', patient({ _birthDate: '2024' }), ['structure', 'Patient.birthDate']],
    ['a list', patient({ birthDate: '2024', _birthDate: [{ id: 'a' }] }), ['structure', 'Patient.birthDate']],
    [
      'an unknown element',
      patient({ birthDate: '2024', _birthDate: { foo: 1 } }),
      ['structure', 'Patient.birthDate.foo'],
    ],
    [
      'a fault in its extension',
      patient({ _birthDate: { extension: [{ valueString: 'a' }] } }),
      ['required', 'Patient.birthDate.extension[0].url'],
    ],
    ['lists that are aligned', given(['a', null], [null, { extension: [extension] }])],
    ['lists, one of them shorter', given(['a', 'b'], [{ id: 'c' }])],
    ['lists, both null at a place', given(['a', null], [{ id: 'a' }, null]), ['structure', 'Patient.name[0].given[1]']],
    ['a list without values', given(undefined, [{ extension: [extension] }])],
    ['a list without values, an id alone', given(undefined, [{ id: 'a' }]), ['invariant', 'Patient.name[0].given[0]']],
    ['an object for a list', given(['a'], { id: 'a' }), ['structure', 'Patient.name[0].given']],
    ['a fault in an item', given(['a', 1], [null, { id: 'b' }]), ['value', 'Patient.name[0].given[1]']],
  ];
  rows(table);
});

describe('validation: messages', () => {
  it('say to quote what YAML read as a number', () => {
    const [issue] = issuesOf(patient({ address: [{ postalCode: 2134 }] }));
    expect(issue?.diagnostics).to.match(
      /^Patient\.address\[0\]\.postalCode must be a string: .*quotes.* postalCode: "…"$/,
    );
  });

  it('never repeat a value', () => {
    const wrong = patient({
      birthDate: 'hush',
      gender: 'hush',
      name: 'hush',
      active: 'hush',
      id: 'hu sh',
      language: ' hush',
    });
    expect(JSON.stringify(issuesOf(wrong).map(({ diagnostics }) => diagnostics))).not.to.match(/hu ?sh/);
  });

  it('list the codes that are allowed', () => {
    expect(issuesOf(patient({ gender: 'x' }))[0]?.diagnostics).to.contain('male, female, other, unknown');
  });
});
