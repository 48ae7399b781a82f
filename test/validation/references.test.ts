/** R4 §2.3 (references) and §2.3.0.6 (contained resources). */
import { describe } from 'mocha';
import type { JsonObject } from '../../resources/json/value.ts';
import { type Finding, patient, type Row, rows } from './check.ts';

const managedBy = (reference: string, more: JsonObject = {}) =>
  patient({ managingOrganization: { reference, ...more } });
const place = 'Patient.managingOrganization';

describe('validation: references', () => {
  const table: Row[] = [
    ['a relative one', managedBy('Organization/a')],
    ['a version', managedBy('Organization/a/_history/1')],
    ['an absolute one', managedBy('https://a.example/fhir/Organization/a')],
    ['a UUID', managedBy('urn:uuid:c757873d-ec9a-4326-a141-556f43239520')],
    ['an identifier alone', patient({ managingOrganization: { identifier: { value: 'a' } } })],
    ['a display alone', patient({ managingOrganization: { display: 'a' } })],
    ['no type', managedBy('a'), ['value', `${place}.reference`]],
    ['no id', managedBy('Organization/'), ['value', `${place}.reference`]],
    ['an id that is none', managedBy('Organization/a b'), ['value', `${place}.reference`]],
    ['a path', managedBy('Organization/../Client/root'), ['value', `${place}.reference`]],
    ['an absolute one with a space', managedBy('http://a b'), ['value', `${place}.reference`]],
    ['a search outside of a Bundle', managedBy('Organization?name=a'), ['value', `${place}.reference`]],
    ['a type that does not exist', managedBy('Foo/a'), ['value', `${place}.reference`]],
    ['a type that may not be meant', managedBy('Patient/a'), ['value', `${place}.reference`]],
    [
      'a type that may not be meant, absolute',
      managedBy('http://a.example/Patient/a'),
      ['value', `${place}.reference`],
    ],
    ['a type by name', managedBy('Organization/a', { type: 'Organization' })],
    ['another type by name', managedBy('Organization/a', { type: 'Patient' }), ['value', `${place}.type`]],
    [
      'two types that may be meant, which disagree',
      patient({ generalPractitioner: [{ reference: 'Practitioner/a', type: 'Organization' }] }),
      ['value', 'Patient.generalPractitioner[0].type'],
    ],
    ['a fragment of nothing (ref-1)', managedBy('#a'), ['invariant', `${place}.reference`]],
    [
      'a search in a Bundle',
      {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ resource: managedBy('Organization?name=a'), request: { method: 'POST', url: 'Patient' } }],
      },
    ],
  ];
  rows(table);
});

describe('validation: contained resources', () => {
  const contained = (resource: JsonObject, more: JsonObject = {}) =>
    patient({ contained: [resource], managingOrganization: { reference: '#a' }, ...more });
  const organization = { resourceType: 'Organization', id: 'a', name: 'b' };
  const inside = 'Patient.contained[0]';
  const table: Row[] = [
    ['one that is referred to', contained(organization)],
    ['one that is not (dom-3)', patient({ contained: [organization] }), ['invariant', inside]],
    [
      'one that refers to what contains it',
      patient({
        contained: [
          {
            resourceType: 'Provenance',
            id: 'a',
            target: [{ reference: '#' }],
            recorded: '2024-01-01T00:00:00Z',
            agent: [{ who: { display: 'a' } }],
          },
        ],
      }),
    ],
    [
      'one that another one refers to',
      patient({
        contained: [organization, { resourceType: 'PractitionerRole', id: 'r', organization: { reference: '#a' } }],
        generalPractitioner: [{ reference: '#r' }],
      }),
    ],
    ['one without an id', patient({ contained: [{ resourceType: 'Organization', name: 'b' }] }), ['invariant', inside]],
    ['one without a type', contained({ id: 'a' }), ['required', `${inside}.resourceType`]],
    ['one of an unknown type', contained({ resourceType: 'Foo', id: 'a' }), ['structure', `${inside}.resourceType`]],
    [
      'one of a type that may not be meant',
      contained({ resourceType: 'Patient', id: 'a' }),
      ['value', 'Patient.managingOrganization.reference'],
    ],
    ['a fault in it', contained({ ...organization, foo: 1 }), ['structure', `${inside}.foo`]],
    [
      'one inside of one (dom-2)',
      contained({ ...organization, contained: [organization] }),
      ['invariant', `${inside}.contained`],
    ],
    [
      'a version (dom-4)',
      contained({ ...organization, meta: { versionId: '1', lastUpdated: '2024-01-01T00:00:00Z' } }),
      ['invariant', `${inside}.meta.versionId`],
      ['invariant', `${inside}.meta.lastUpdated`],
    ],
    [
      'a security label (dom-5)',
      contained({ ...organization, meta: { security: [{ code: 'a' }] } }),
      ['invariant', `${inside}.meta.security`],
    ],
    [
      'two of one id',
      patient({ contained: [organization, organization], managingOrganization: { reference: '#a' } }),
      ['value', 'Patient.contained[1].id'],
    ],
    [
      'the same fragment in another entry of a Bundle',
      {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [{ resource: contained(organization) }, { resource: managedBy('#a') }],
      },
      ['invariant', 'Bundle.entry[1].resource.managingOrganization.reference'],
    ],
    [
      'a fragment of a resource that stands before',
      {
        resourceType: 'Parameters',
        parameter: [
          { name: 'a', resource: contained(organization) },
          { name: 'b', valueReference: { reference: '#a' } },
        ],
      },
      ['invariant', 'Parameters.parameter[1].value.ofType(Reference).reference'],
    ],
  ];
  rows(table);
});

describe('validation: references that a rule looks at', () => {
  const team = (member: JsonObject, more: JsonObject = {}): JsonObject => ({
    resourceType: 'CareTeam',
    participant: [{ member, onBehalfOf: { reference: 'Organization/a' } }],
    ...more,
  });
  const acting: Finding = ['invariant', 'CareTeam.participant[0]'];
  rows([
    ['ctm-1, of a Practitioner', team({ reference: 'Practitioner/a' })],
    ['ctm-1, of what does not say its type', team({ reference: 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520' })],
    ['ctm-1, of an address without a type', team({ reference: 'https://a.example/Foo/a' })],
    ['ctm-1, of a contained Practitioner', team({ reference: '#a' }, inside('Practitioner'))],
    ['ctm-1, broken by a Patient', team({ reference: 'Patient/a' }), acting],
    ['ctm-1, broken by one elsewhere', team({ reference: 'https://a.example/fhir/Patient/a' }), acting],
    ['ctm-1, broken by one that is named by its type', team({ type: 'Patient', display: 'a' }), acting],
    ['ctm-1, broken by a contained Patient', team({ reference: '#a' }, inside('Patient')), acting],
  ]);
});

function inside(resourceType: string): JsonObject {
  return { contained: [{ resourceType, id: 'a' }] };
}
