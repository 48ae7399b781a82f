/** FHIR R4 §3.1.1.4: what each kind of search finds, value by value. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { JsonObject } from '../../resources/json/value.ts';
import { type Library, openLibrary } from './library.ts';

const RESOURCES: (JsonObject & { resourceType: string; id: string })[] = [
  {
    resourceType: 'Patient',
    id: 'ana',
    meta: { profile: ['StructureDefinition/mine'] },
    active: true,
    name: [{ family: 'Muñoz', given: ['Ana', 'ÉMILIE'], text: 'Dr. Ana  Muñoz' }],
    gender: 'female',
    identifier: [
      {
        system: 'urn:mrn',
        value: '12,3',
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
      },
    ],
    telecom: [
      { system: 'email', value: 'ana@example.org' },
      { system: 'phone', value: '555' },
    ],
    deceasedDateTime: '2020-02-02',
    managingOrganization: { reference: 'Organization/acme' },
    generalPractitioner: [{ identifier: { system: 'urn:npi', value: '7' } }],
    address: [{ city: 'Straße', line: ['1 100%_Way'] }],
  },
  {
    resourceType: 'Patient',
    id: 'bo',
    meta: {
      profile: ['https://ward.example/StructureDefinition/mine', 'http://else.example/StructureDefinition/other'],
    },
    active: false,
    name: [{ family: 'munozo' }, { given: ['Σίσυφος'] }],
    gender: 'male',
    identifier: [{ value: '12,3' }, { system: 'urn:other', value: 'a|b' }],
    deceasedBoolean: false,
    managingOrganization: { reference: 'https://ward.example/Organization/acme/_history/3' },
    maritalStatus: { text: 'it is complicated' },
    address: [{ city: 'Łódź', district: 'Ærøskøbing', country: 'Đakovo' }],
    birthDate: '1970-05-17',
  },
  {
    resourceType: 'Patient',
    id: 'cy',
    managingOrganization: { reference: 'https://elsewhere.example/fhir/Organization/acme' },
    meta: {
      tag: [{ system: 'urn:tags', code: 'vip' }],
      profile: ['http://example.org/p|2'],
      source: 'http://a.example/b/c',
    },
    deceasedBoolean: true,
  },
  {
    resourceType: 'Observation',
    id: 'weight',
    code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
    valueQuantity: { value: 72.5, unit: 'kilograms', system: 'http://unitsofmeasure.org', code: 'kg' },
    subject: { reference: 'Patient/ana' },
  },
  {
    resourceType: 'Observation',
    id: 'pressure',
    code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }] },
    subject: { reference: 'Group/ana' },
    component: [
      {
        code: { coding: [{ system: 'http://loinc.org', code: '8480-6' }] },
        valueQuantity: { value: 120, unit: 'mmHg' },
      },
      {
        code: { coding: [{ system: 'http://loinc.org', code: '8462-4' }] },
        valueQuantity: { value: 80, unit: 'mmHg' },
      },
    ],
  },
  {
    resourceType: 'Observation',
    id: 'faint',
    code: { text: 'faint' },
    valueQuantity: { value: 5, comparator: '<' },
    hasMember: [{ reference: 'urn:uuid:6a4a7a5e-0000-4000-8000-000000000000' }],
  },
  { resourceType: 'RiskAssessment', id: 'likely', prediction: [{ probabilityDecimal: 0.8 }] },
  {
    resourceType: 'RiskAssessment',
    id: 'between',
    prediction: [{ probabilityRange: { low: { value: 0.1 }, high: { value: 0.2 } } }],
  },
  {
    resourceType: 'DocumentReference',
    id: 'new',
    content: [{ attachment: { contentType: 'text/xml; charset=UTF-8' } }],
    relatesTo: [
      { code: 'replaces', target: { reference: 'DocumentReference/old' } },
      { code: 'signs', target: { reference: 'DocumentReference/older' } },
    ],
  },
  { resourceType: 'DocumentReference', id: 'old', content: [{ attachment: { contentType: 'text/xml' } }] },
  { resourceType: 'ValueSet', id: 'colours', url: 'http://example.org/fhir/ValueSet/colours', version: '2' },
  { resourceType: 'ValueSet', id: 'root', url: 'http://example.org/fhir' },
  { resourceType: 'ValueSet', id: 'named', url: 'urn:oid:1.2.3' },
];

/** What a query finds; ids in the order in which they were stored. */
const FINDS: Record<string, [query: string, ids: string][]> = {
  Patient: [
    ['name=munoz', 'ana bo'],
    ['name=MUÑ', 'ana bo'],
    ['name=émilie', 'ana'],
    ['name=σισυφοσ', 'bo'],
    ['name=noz', ''],
    ['name:contains=NOZ', 'ana bo'],
    ['name:contains=a  mu', 'ana'],
    ['name:exact=Muñoz', 'ana'],
    ['name:exact=munoz', ''],
    ['name=ana,bo', 'ana'],
    ['family=munozo,ana', 'bo'],
    ['name=ana&name=munoz', 'ana'],
    ['name=ana&family=munozo', ''],
    ['address=strasse', 'ana'],
    ['address-city=lodz', 'bo'],
    ['address=aeroskobing', 'bo'],
    ['address:contains=akov', 'bo'],
    ['address-country=dakovo', 'bo'],
    ['address:contains=100%_', 'ana'],
    ['address:contains=1%', ''],
    ['name:missing=true', 'cy'],
    ['name:missing=false', 'ana bo'],
    ['active=true', 'ana'],
    ['active=false', 'bo'],
    ['active:missing=true', 'cy'],
    ['gender=female', 'ana'],
    ['gender=http://hl7.org/fhir/administrative-gender|male', 'bo'],
    ['gender=male,female', 'ana bo'],
    ['gender:not=male', 'ana cy'],
    ['gender:not=male,female', 'cy'],
    ['identifier=12\\,3', 'ana bo'],
    ['identifier=12,3', ''],
    ['identifier=urn:mrn|12\\,3', 'ana'],
    ['identifier=|12\\,3', 'bo'],
    ['identifier=urn:mrn|', 'ana'],
    ['identifier=urn:other|a\\|b', 'bo'],
    ['_id=ana&_elements=deceased[x],Patient.name', 'ana'],
    ['identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|12\\,3', 'ana'],
    ['identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|XX|12\\,3', ''],
    ['email=ana@example.org', 'ana'],
    ['phone=ana@example.org', ''],
    ['telecom=555', 'ana'],
    ['deceased=true', 'ana cy'],
    ['deceased=false', 'bo'],
    ['death-date=2020', 'ana'],
    ['organization=acme', 'ana bo'],
    ['organization=Organization/acme', 'ana bo'],
    ['organization=https://ward.example/Organization/acme', 'ana bo'],
    ['organization=https://ward.example/fhir/Organization/acme', 'ana bo'],
    ['organization=https://elsewhere.example/fhir/Organization/acme', 'cy'],
    ['organization:Organization=acme', 'ana bo'],
    ['organization=Patient/acme', ''],
    ['general-practitioner:identifier=urn:npi|7', 'ana'],
    ['general-practitioner:identifier=8', ''],
    ['general-practitioner:missing=false', 'ana'],
    ['_id=bo,ana', 'ana bo'],
    ['_id:not=bo,ana', 'cy'],
    ['_id=bo&_id=ana', ''],
    ['_tag=urn:tags|vip', 'cy'],
    ['_profile=http://example.org/p', 'cy'],
    ['_profile=http://example.org/p|2', 'cy'],
    ['_profile:below=http://example.org', 'cy'],
    ['_profile=StructureDefinition/mine', 'ana bo'],
    ['_profile=StructureDefinition/other', ''],
    ['_profile=https://ward.example/StructureDefinition/mine', 'bo'],
    ['_source:below=http://a.example/b', 'cy'],
    ['name=', 'ana bo cy'],
  ],
  Observation: [
    ['code=http://loinc.org|29463-7', 'weight'],
    ['code=29463-7,85354-9', 'weight pressure'],
    ['code:not=29463-7', 'pressure faint'],
    ['code:missing=true', ''],
    ['value-quantity=72.5', 'weight'],
    ['value-quantity=72', ''],
    ['value-quantity=73', 'weight'],
    ['value-quantity=72.50', 'weight'],
    ['value-quantity=72.51', ''],
    ['value-quantity=7e1', ''],
    ['value-quantity=72.5|http://unitsofmeasure.org|kg', 'weight'],
    ['value-quantity=72.5||kg', 'weight'],
    ['value-quantity=72.5||kilograms', 'weight'],
    ['value-quantity=72.5||g', ''],
    ['value-quantity=lt5', 'faint'],
    ['value-quantity=gt72.4||kg', 'weight'],
    ['value-quantity=ne72.5', 'faint'],
    ['value-quantity=ap70', 'weight'],
    ['combo-value-quantity=ge80', 'pressure'],
    ['subject=ana', 'weight pressure'],
    ['subject=Patient/ana', 'weight'],
    ['subject:Group=ana', 'pressure'],
    ['patient=ana', 'weight'],
    ['has-member=urn:uuid:6a4a7a5e-0000-4000-8000-000000000000', 'faint'],
    ['component-code-value-quantity=http://loinc.org|8480-6$120', 'pressure'],
    ['component-code-value-quantity=8480-6$gt100', 'pressure'],
    ['component-code-value-quantity=8462-4$gt100', ''],
    ['component-code-value-quantity=8462-4$gt100,8462-4$80||mmHg', 'pressure'],
    ['code-value-quantity=29463-7$lt100', 'weight'],
    ['code-value-quantity:missing=true', 'pressure'],
  ],
  RiskAssessment: [
    ['probability=0.8', 'likely'],
    ['probability=gt0.7', 'likely'],
    ['probability=lt0.15', 'between'],
    ['probability=sa0.2', 'likely'],
    ['probability=eb0.3', 'between'],
    ['probability:missing=true', ''],
  ],
  // R4 publishes the expressions of its parts exchanged.
  DocumentReference: [
    ['relationship=DocumentReference/old$replaces', 'new'],
    ['relationship=old$http://hl7.org/fhir/document-relationship-type|replaces', 'new'],
    ['relationship=old$signs', ''],
    ['relationship=older$replaces', ''],
    ['relationship:missing=false', 'new'],
    ['contenttype=text/xml', 'old'],
    ['contenttype:below=text/xml', 'new old'],
    ['contenttype:below=text/x', ''],
    ['contenttype:below=text/xml,text/plain', 'new old'],
  ],
  ValueSet: [
    ['url=http://example.org/fhir/ValueSet/colours', 'colours'],
    ['url=http://example.org/fhir/valueset/colours', ''],
    ['url:below=http://example.org/fhir', 'colours root'],
    ['url:below=http://example.org/fhir/Value', ''],
    ['url:above=http://example.org/fhir/ValueSet/colours', 'colours root'],
    ['url=http://example.org/fhir/ValueSet/colours|2', 'colours'],
    ['url=http://example.org/fhir/ValueSet/colours|1', ''],
    ['url=http://example.org/fhir/ValueSet/colours|', 'colours'],
    ['url=http://example.org/fhir/ValueSet/colours\\|2', ''],
    ['url=urn:oid:1.2.3,http://example.org/fhir/ValueSet/colours|2', 'colours named'],
    ['url=urn:oid:1.2.3', 'named'],
    ['url:below=urn:oid:1.2', ''],
  ],
};

describe('Search by kind', () => {
  let library: Library;

  before(async () => {
    library = await openLibrary(Object.keys(FINDS));
    for (const resource of RESOURCES) await library.add(resource);
  });

  after(() => library.close());

  for (const [type, rows] of Object.entries(FINDS)) {
    for (const [query, ids] of rows) {
      it(`${type}?${query} finds ${ids === '' ? 'nothing' : ids}`, async () => {
        expect((await library.ids(type, query)).join(' ')).to.equal(ids);
      });
    }
  }
});
