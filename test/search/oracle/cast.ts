/** Those whom synthetic patients do not play: people with little, much or odd data, and whom they point to. */
import type { Patient } from 'fhir/r4.js';
import type { Resource } from './parameters.ts';

export const BASE = 'https://ward.example';

const MR = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] };
const TWO_KINDS = { coding: [{ system: 'urn:kinds', code: 'MR' }, { code: 'PT' }] };

/** Longer than what a key of the index holds, which ends within a character of the second. */
const LONG = 'Long, a name that goes on ';
const LONG_NAMES = [`${LONG.repeat(24)}Ömer`, `${LONG.repeat(19)}abcd \u{1f600} e\u0301 ${LONG.repeat(3)}100%_\\ Ende`];

const PATIENTS: Omit<Patient, 'resourceType'>[] = [
  { id: 'bare' },
  { id: 'active', active: true },
  { id: 'inactive', active: false, deceasedBoolean: false },
  { id: 'dead', active: true, deceasedBoolean: true, gender: 'other' },
  { id: 'died-one-year', deceasedDateTime: '2013', birthDate: '1950' },
  { id: 'died-one-month', deceasedDateTime: '2013-02', birthDate: '1950-02' },
  { id: 'died-one-day', deceasedDateTime: '2013-02-28', birthDate: '1950-02-28' },
  { id: 'died-one-minute', deceasedDateTime: '2013-02-28T23:59:00+14:00', birthDate: '2000-02-29' },
  { id: 'died-one-moment', deceasedDateTime: '2013-03-01T00:00:00.500-05:00', birthDate: '1900-12-31' },
  { id: 'gender-unknown', gender: 'unknown', name: [{ text: 'Unknown, Dr. No\\Body | $5' }] },
  { id: 'ana', gender: 'female', name: [{ family: 'Muñoz', given: ['Ana', 'ÉMILIE'], text: 'Dr. Ana  Muñoz' }] },
  { id: 'bo', name: [{ family: 'munoz' }, { family: 'Ångström', given: ['Bo'], suffix: ['MD', 'PhD'] }] },
  { id: 'sisyphos', name: [{ family: 'ΣΊΣΥΦΟΣ', given: ['Σίσυφος'] }] },
  { id: 'strasse', name: [{ family: 'Straße' }], address: [{ city: 'Weiße Straße', line: ['1 100%_Way', 'c/o Ωm'] }] },
  { id: 'smile', name: [{ family: '\u{1f600}smile' }, { family: '\uffeehigh', given: ['ﬁ'] }] },
  { id: 'decomposed', name: [{ family: 'Mun\u0303oz', given: ['E\u0301milie'] }] },
  { id: 'long', name: [{ text: LONG_NAMES[0] }], address: [{ text: LONG_NAMES[1], city: 'Bloom' }] },
  { id: 'longer', name: [{ text: `${LONG_NAMES[0]} too`, family: LONG_NAMES[1] }], gender: 'female' },
  { id: 'quoted', name: [{ family: "O'Hara; DROP" }], address: [{ text: 'a,b|c$d\\e', district: 'Ünder_%' }] },
  {
    id: 'housed',
    address: [
      { use: 'home', city: 'Bloom', state: 'KS', postalCode: '00000', country: 'US' },
      { use: 'old', city: 'bloomington', state: 'ks', country: 'Österreich' },
    ],
  },
  {
    id: 'identified',
    identifier: [
      { system: 'urn:mrn', value: '12,3', type: MR },
      { value: 'a|b' },
      { system: 'urn:other', value: '12,3', type: TWO_KINDS },
      { system: 'urn:other' },
    ],
  },
  { id: 'identified-twice', identifier: [{ value: '12,3' }, { system: 'urn:mrn', value: 'a|b', type: TWO_KINDS }] },
  {
    id: 'reached',
    telecom: [
      { system: 'email', value: 'ana@example.org', use: 'home' },
      { system: 'phone', value: '555-806-9773' },
      { system: 'url', value: 'https://ana.example/a,b' },
      { system: 'sms', value: '+1 (555) 0' },
    ],
  },
  { id: 'mailed', telecom: [{ system: 'email', value: '555-806-9773' }] },
  {
    id: 'shouted',
    telecom: [
      { system: 'email', value: 'ANA@Example.org' },
      { system: 'phone', value: 'Ém@example.org' },
    ],
  },
  {
    id: 'polyglot',
    communication: [
      { language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'ru-RU' }, { code: 'de' }] } },
      { language: { text: 'Klingon' } },
      { language: { coding: [{ system: 'urn:tongues', code: 'de' }] } },
    ],
  },
  {
    id: 'labelled',
    meta: {
      tag: [{ system: 'urn:tags', code: 'vip' }, { code: 'vip' }, { system: 'urn:tags', code: 'new' }],
      security: [{ system: 'urn:security', code: 'R' }],
      profile: ['http://example.org/profiles/p', 'http://example.org/profiles'],
      source: 'http://example.org/feeds/1/2',
    },
  },
  { id: 'labelled-too', meta: { tag: [{ code: 'new' }], source: 'http://example.org/feeds' } },
  { id: 'twin-1', managingOrganization: { reference: 'Organization/acme' }, link: [see('Patient/twin-2')] },
  { id: 'twin-2', managingOrganization: { reference: `${BASE}/Organization/acme` }, link: [see('Patient/twin-1')] },
  { id: 'cared', managingOrganization: { reference: `${BASE}/fhir/Organization/acme/_history/1` }, gender: 'female' },
  { id: 'foreign', managingOrganization: { reference: 'https://elsewhere.example/fhir/Organization/acme' } },
  {
    id: 'known-as',
    managingOrganization: { identifier: { system: 'urn:npi', value: '7' } },
    link: [see('Patient/ana')],
  },
  {
    id: 'much-cared-for',
    managingOrganization: { reference: 'Organization/elan' },
    generalPractitioner: [
      { reference: 'Practitioner/acme' },
      { reference: 'Organization/acme' },
      { display: 'the one next door' },
    ],
    link: [see('RelatedPerson/rel'), see('Patient/001ea705-d3ba-5329-0b27-a7fbde2f4007')],
  },
  {
    id: 'cared-for',
    generalPractitioner: [{ reference: 'Practitioner/bea', identifier: { system: 'urn:npi', value: '7' } }],
    link: [see(`${BASE}/Patient/much-cared-for`), see('Patient/nobody')],
  },
  { id: 'sometime', generalPractitioner: [{ identifier: { value: '8' } }], multipleBirthInteger: 2 },
];

function see(reference: string): NonNullable<Patient['link']>[number] {
  return { type: 'seealso', other: { reference } };
}

const OTHERS: Resource[] = [
  { resourceType: 'Organization', id: 'acme', name: 'Acme', alias: ['Ácme & Sons'], active: true },
  { resourceType: 'Organization', id: 'elan', name: 'Élan', active: false, identifier: [{ value: 'x' }] },
  { resourceType: 'Practitioner', id: 'acme', name: [{ family: 'Acme', given: ['Al'] }], gender: 'male' },
  { resourceType: 'Practitioner', id: 'bea', name: [{ family: 'Müller', given: ['Bea'] }], gender: 'female' },
  {
    resourceType: 'RelatedPerson',
    id: 'rel',
    patient: { reference: 'Patient/much-cared-for' },
    name: [{ family: 'Acme' }],
    gender: 'female',
  },
];

export const CAST: Resource[] = [...OTHERS, ...PATIENTS.map((each): Patient => ({ resourceType: 'Patient', ...each }))];
