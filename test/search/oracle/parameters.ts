/** What the parameters of R4 read, written out by hand from the tables of search parameters of each type. */
import type {
  Address,
  CodeableConcept,
  Coding,
  ContactPoint,
  HumanName,
  Organization,
  Patient,
  Practitioner,
  Reference,
  RelatedPerson,
} from 'fhir/r4.js';
import type { Ask } from './criterion.ts';
import { stretchOf } from './dates.ts';
import type { Circumstances, Kind, Token } from './kinds.ts';
import * as kinds from './kinds.ts';

export type Resource = Patient | Organization | Practitioner | RelatedPerson;

/** A parameter of a type, whatever its kind. */
export interface Parameter {
  kind: Kind<unknown>['name'];
  /** What it reads of a resource. */
  values(resource: Resource): unknown[];
  /** Whether a resource has a value that is what is asked for. */
  test(ask: Ask, modifier: string | undefined, circumstances: Circumstances): (resource: Resource) => boolean;
  /** What a sort goes by, of each value. */
  orders(resource: Resource): (string | number)[];
}

/** Read once of each resource: it is the filter that is slow here, not the reading. */
function reading<Type extends Resource, Value>(kind: Kind<Value>, read: (resource: Type) => Value[]): Parameter {
  const known = new WeakMap<Resource, Value[]>();
  const values = (resource: Resource) => {
    const found = known.get(resource) ?? read(resource as Type);
    known.set(resource, found);
    return found;
  };
  return {
    kind: kind.name,
    values,
    test: (ask, modifier, circumstances) => {
      const says = kind.says(ask, modifier, circumstances);
      return (resource) => values(resource).some(says);
    },
    orders: (resource) => values(resource).map((value) => kind.order?.(value) ?? 0),
  };
}

type Maybe<Value> = Value | undefined;

/** What is there of what may be. */
function there<Value>(...values: Maybe<Value>[]): Value[] {
  return values.filter((value) => value !== undefined);
}

const strings = <Type extends Resource>(read: (resource: Type) => Maybe<string>[]) =>
  reading(kinds.string, (resource: Type) => there(...read(resource)).map(kinds.textOf));
const tokens = <Type extends Resource>(read: (resource: Type) => Token[]) => reading(kinds.token, read);
const dates = <Type extends Resource>(read: (resource: Type) => Maybe<string>) =>
  reading(kinds.date, (resource: Type) => there(read(resource)).map(stretchOf));
const references = <Type extends Resource>(read: (resource: Type) => Maybe<Reference>[]) =>
  reading(kinds.reference, (resource: Type) => there(...read(resource)));

/** Every text of a name, and of an address (§3.1.1.4.8). */
const ofName = ({ family, given = [], prefix = [], suffix = [], text }: HumanName) => [
  family,
  ...given,
  ...prefix,
  ...suffix,
  text,
];
const ofAddress = ({ text, line = [], city, district, state, postalCode, country }: Address) => [
  text,
  ...line,
  city,
  district,
  state,
  postalCode,
  country,
];

/** A code has the system of the set that it is bound to (§3.1.1.4.10). */
const code = (system: string, value: Maybe<string | boolean>): Token[] =>
  value === undefined ? [] : [{ system, code: String(value) }];
const coding = ({ system, code }: Coding): Token => ({ system, code });
const concept = ({ coding: codings }: CodeableConcept): Token[] => codings?.map(coding) ?? [{}];
const contact = ({ value }: ContactPoint): Token[] => (value === undefined ? [] : [{ code: value, caseless: true }]);

export const GENDERS = 'http://hl7.org/fhir/administrative-gender';
export const ADDRESS_USES = 'http://hl7.org/fhir/address-use';
export const BOOLEANS = 'http://terminology.hl7.org/CodeSystem/special-values';

/** Those of every resource. */
const EVERY: Record<string, Parameter> = {
  _id: tokens(({ id }) => [{ code: id }]),
  _lastUpdated: dates(({ meta }) => meta?.lastUpdated),
  _profile: reading(kinds.uri, ({ meta }: Resource) => meta?.profile ?? []),
  _security: tokens(({ meta }) => meta?.security?.map(coding) ?? []),
  _source: reading(kinds.uri, ({ meta }: Resource) => there(meta?.source)),
  _tag: tokens(({ meta }) => meta?.tag?.map(coding) ?? []),
};

type Person = Patient | Practitioner | RelatedPerson;

/** Those that are defined for people together. */
const PERSON: Record<string, Parameter> = {
  address: strings<Person>(({ address = [] }) => address.flatMap(ofAddress)),
  'address-city': strings<Person>(({ address = [] }) => address.map(({ city }) => city)),
  'address-country': strings<Person>(({ address = [] }) => address.map(({ country }) => country)),
  'address-postalcode': strings<Person>(({ address = [] }) => address.map(({ postalCode }) => postalCode)),
  'address-state': strings<Person>(({ address = [] }) => address.map(({ state }) => state)),
  'address-use': tokens<Person>(({ address = [] }) => address.flatMap(({ use }) => code(ADDRESS_USES, use))),
  birthdate: dates<Patient>(({ birthDate }) => birthDate),
  email: tokens<Person>(({ telecom = [] }) => telecom.filter(({ system }) => system === 'email').flatMap(contact)),
  family: strings<Person>(({ name = [] }) => name.map(({ family }) => family)),
  gender: tokens<Person>(({ gender }) => code(GENDERS, gender)),
  given: strings<Person>(({ name = [] }) => name.flatMap(({ given }) => given)),
  identifier: tokens<Person>(({ identifier = [] }) => identifier.map(kinds.identified)),
  name: strings<Person>(({ name = [] }) => name.flatMap(ofName)),
  phone: tokens<Person>(({ telecom = [] }) => telecom.filter(({ system }) => system === 'phone').flatMap(contact)),
  // How alike two names must sound is the server's to define; here they must be spelt alike.
  phonetic: strings<Person>(({ name = [] }) => name.flatMap(ofName)),
  telecom: tokens<Person>(({ telecom = [] }) => telecom.flatMap(contact)),
};

function without(parameters: Record<string, Parameter>, ...codes: string[]): Record<string, Parameter> {
  return Object.fromEntries(Object.entries(parameters).filter(([code]) => !codes.includes(code)));
}

export const PARAMETERS: Record<Resource['resourceType'], Record<string, Parameter>> = {
  Patient: {
    ...EVERY,
    ...PERSON,
    active: tokens<Patient>(({ active }) => code(BOOLEANS, active)),
    'death-date': dates<Patient>(({ deceasedDateTime }) => deceasedDateTime),
    // `Patient.deceased.exists() and Patient.deceased != false`: nobody is without a value.
    deceased: tokens<Patient>(({ deceasedDateTime, deceasedBoolean = deceasedDateTime !== undefined }) =>
      code(BOOLEANS, deceasedBoolean),
    ),
    'general-practitioner': references<Patient>(({ generalPractitioner = [] }) => generalPractitioner),
    language: tokens<Patient>(({ communication = [] }) => communication.flatMap(({ language }) => concept(language))),
    link: references<Patient>(({ link = [] }) => link.map(({ other }) => other)),
    organization: references<Patient>(({ managingOrganization }) => [managingOrganization]),
  },
  Practitioner: { ...EVERY, ...without(PERSON, 'birthdate') },
  RelatedPerson: { ...EVERY, ...without(PERSON, 'family', 'given') },
  Organization: {
    ...EVERY,
    active: tokens<Organization>(({ active }) => code(BOOLEANS, active)),
    identifier: tokens<Organization>(({ identifier = [] }) => identifier.map(kinds.identified)),
    name: strings<Organization>(({ name, alias = [] }) => [name, ...alias]),
  },
};
