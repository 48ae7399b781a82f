/** Search conditions, each with the equivalent predicate in plain JavaScript. */
import type { Resource, Type, View } from './world.ts';

export interface Condition {
  type: Type;
  /** As search parameters. */
  search: string;
  /** As criteria of a policy, with placeholders for data of the caller. */
  policy: string;
  /** The other types that it refers to. */
  touches: Type[];
  holds(resource: Resource, view: View): boolean;
}

/** The data of the caller that policies use. */
export const CALLER_DATA = { org: 'a', gender: 'female', patient: 'p1', code: 'x', day: '2000-01-01' };

const family = ({ name }: Resource) => (Array.isArray(name) ? (name[0]?.family ?? '') : '').toLowerCase();
const title = ({ name }: Resource) => (typeof name === 'string' ? name : '').toLowerCase();
const points = (reference: { reference: string } | undefined, { type, id }: Resource) =>
  reference?.reference === `${type}/${id}`;
const organizationOf = (resource: Resource, view: View) =>
  view.of('Organization').filter((organization) => points(resource.managingOrganization, organization));
const linkedFrom = (resource: Resource, view: View) =>
  view.of('Patient').filter((other) => resource.link?.some(({ other: to }) => points(to, other)));
const subjectOf = (resource: Resource, view: View) =>
  view.of('Patient').filter((patient) => points(resource.subject, patient));
const hasCode = (resource: Resource, code: string) => resource.code?.coding.some((each) => each.code === code) === true;

type Row = [
  type: Type,
  search: string,
  holds: (resource: Resource, view: View) => boolean,
  touches?: Type[],
  policy?: string,
];

const ROWS: Row[] = [
  ['Patient', 'gender=female', ({ gender }) => gender === 'female', [], 'gender={{user.data.gender}}'],
  ['Patient', 'gender:not=male', ({ gender }) => gender !== 'male'],
  ['Patient', 'active=true', ({ active }) => active === true],
  ['Patient', 'family=ab', (patient) => family(patient).startsWith('ab')],
  ['Patient', 'family:contains=b', (patient) => family(patient).includes('b')],
  [
    'Patient',
    'birthdate=ge2000-01-01',
    ({ birthDate = '' }) => birthDate >= '2000',
    [],
    'birthdate=ge{{user.data.day}}',
  ],
  ['Patient', 'birthdate:missing=true', ({ birthDate }) => birthDate === undefined],
  ['Patient', '_id=p1,p2,p3', ({ id }) => ['p1', 'p2', 'p3'].includes(id)],
  [
    'Patient',
    'organization=Organization/a',
    ({ managingOrganization }) => managingOrganization?.reference === 'Organization/a',
    [],
    'organization=Organization/{{user.data.org}}',
  ],
  [
    'Patient',
    'organization.name=al',
    (patient, view) => organizationOf(patient, view).some((each) => title(each).startsWith('al')),
    ['Organization'],
  ],
  [
    'Patient',
    'link:Patient.gender=female',
    (patient, view) => linkedFrom(patient, view).some(({ gender }) => gender === 'female'),
    ['Patient'],
  ],
  [
    'Patient',
    '_has:Observation:patient:code=x',
    (patient, view) => view.of('Observation').some((each) => hasCode(each, 'x') && points(each.subject, patient)),
    ['Observation'],
    '_has:Observation:patient:code={{user.data.code}}',
  ],
  [
    'Patient',
    '_has:Patient:link:active=true',
    (patient, view) =>
      view.of('Patient').some((each) => each.active && each.link?.some(({ other }) => points(other, patient))),
    ['Patient'],
  ],
  [
    'Patient',
    'organization._has:Patient:organization:gender=female',
    (patient, view) =>
      organizationOf(patient, view).some((organization) =>
        view.of('Patient').some((each) => each.gender === 'female' && points(each.managingOrganization, organization)),
      ),
    ['Organization', 'Patient'],
  ],
  ['Organization', 'name=al', (organization) => title(organization).startsWith('al')],
  ['Organization', 'active=true', ({ active }) => active === true],
  ['Organization', '_id=a,b', ({ id }) => ['a', 'b'].includes(id), [], '_id={{user.data.org}},b'],
  [
    'Organization',
    '_has:Patient:organization:gender=female',
    (organization, view) =>
      view.of('Patient').some((each) => each.gender === 'female' && points(each.managingOrganization, organization)),
    ['Patient'],
  ],
  ['Observation', 'code=x', (observation) => hasCode(observation, 'x'), [], 'code={{user.data.code}}'],
  ['Observation', 'status=final', ({ status }) => status === 'final'],
  [
    'Observation',
    'patient=Patient/p1',
    ({ subject }) => subject?.reference === 'Patient/p1',
    [],
    'patient={{user.data.patient}}',
  ],
  [
    'Observation',
    'patient.gender=female',
    (observation, view) => subjectOf(observation, view).some(({ gender }) => gender === 'female'),
    ['Patient'],
  ],
  [
    'Observation',
    'patient.organization.name=al',
    (observation, view) =>
      subjectOf(observation, view).some((patient) =>
        organizationOf(patient, view).some((each) => title(each).startsWith('al')),
      ),
    ['Patient', 'Organization'],
  ],
];

export const CONDITIONS: readonly Condition[] = ROWS.map(([type, search, holds, touches = [], policy = search]) => {
  return { type, search, holds, touches, policy };
});

/** Returns the conditions on a type. */
export function conditionsOf(type: Type): Condition[] {
  return CONDITIONS.filter((condition) => condition.type === type);
}
