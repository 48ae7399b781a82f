/** R4 §4.1.1 (terminologies.html#required): codes that a required binding allows, by a rule or by a filter. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { JsonObject } from '../../resources/json/value.ts';
import { CODE_SYSTEMS } from '../../resources/validate/code-systems/registry.ts';
import { findings, issuesOf, patient, rows } from './check.ts';

const UCUM = 'http://unitsofmeasure.org';
const ROLES = 'http://terminology.hl7.org/CodeSystem/v3-RoleCode';
const SIBLING = 'http://hl7.org/fhir/StructureDefinition/family-member-history-genetics-sibling';

const CODES: Record<string, { valid: string[]; invalid: string[] }> = {
  'urn:ietf:bcp:13': {
    valid: [
      'text/plain',
      'application/fhir+json',
      'application/vnd.oasis.opendocument.text',
      'text/xml; charset=UTF-8',
      'text/xml;charset=utf-8;version="1.0 a"',
      'multipart/related; type=application/dicom',
      'json',
      'ttl',
    ],
    invalid: [
      'pdf',
      'text',
      'text/',
      '/plain',
      'text/pla in',
      'text/plain;',
      'text/plain; charset',
      'a/b/c',
      '*/*',
      '.a/b',
    ],
  },
  'urn:ietf:bcp:47': {
    valid: [
      'en',
      'EN-us',
      'pt-BR',
      'zh-Hant-TW',
      'zh-yue-HK',
      'de-CH-1901',
      'es-419',
      'sl-rozaj-biske',
      'en-u-ca-gregory-x-own',
      'gsw',
      'x-klingon',
      'i-default',
    ],
    invalid: ['english', 'en_US', 'e', 'xx', 'en-', '-en', 'en-US-', 'en--US', 'de-Latin-DE', 'en-u', 'x', 'de-419-DE'],
  },
  'urn:iso:std:iso:4217': {
    valid: ['EUR', 'USD', 'XAU', 'CHW', 'DEM', 'XXX', 'JEP'],
    invalid: ['eur', 'EU', 'EURO', '€', 'QQQ', '978'],
  },
  [UCUM]: {
    valid: [
      '1',
      'mg/dL',
      'mm[Hg]',
      '10*3/uL',
      '10*-3',
      '/min',
      '{score}',
      'mL/min/{1.73_m2}',
      'kg{wet}.m/s2',
      '(mol/L)/(g.h)',
      '%',
      "[in_i'H2O]",
      'B[10.nV]',
      '[m/s2/Hz^(1/2)]',
      'Cel',
      'a_j',
      'm-2',
      '/100{WBCs}',
      'U/(10.g){feces}',
    ],
    invalid: [
      'mmHg',
      'MG/DL/',
      'mg//dL',
      'mg dL',
      'm[',
      'k[ft_i]',
      '(mg',
      'mg)',
      'mg/()',
      '{a{b}}',
      'µg',
      '{µ}',
      'm{a}{b}',
      '.m',
      'm2-3',
      'sdfa',
    ],
  },
  'https://www.iana.org/time-zones': {
    valid: ['Europe/Paris', 'America/Argentina/Buenos_Aires', 'US/Pacific', 'Etc/GMT+5', 'UTC', 'Europe/Kiev'],
    invalid: ['+01:00', 'Europe/Nowhere', 'europe/paris', 'Paris', 'Europe/', 'CEST+'],
  },
};

const money = (currency: string): JsonObject => ({
  resourceType: 'Invoice',
  status: 'issued',
  totalNet: { value: 1, currency },
});
const evidence = (unitOfMeasure: JsonObject): JsonObject => ({
  resourceType: 'RiskEvidenceSynthesis',
  status: 'draft',
  population: { reference: 'EvidenceVariable/a' },
  outcome: { reference: 'EvidenceVariable/b' },
  riskEstimate: { unitOfMeasure },
});
const sequence = (code: string): JsonObject => ({
  resourceType: 'MolecularSequence',
  coordinateSystem: 0,
  structureVariant: [{ variantType: { coding: [{ system: 'http://loinc.org', code }] } }],
});
const sibling = (code: string): JsonObject => ({
  resourceType: 'FamilyMemberHistory',
  status: 'completed',
  patient: { reference: 'Patient/a' },
  relationship: { text: 'sister' },
  extension: [
    {
      url: SIBLING,
      extension: [
        { url: 'type', valueCodeableConcept: { coding: [{ system: ROLES, code }] } },
        { url: 'reference', valueReference: { reference: 'FamilyMemberHistory/b' } },
      ],
    },
  ],
});
const unit = 'RiskEvidenceSynthesis.riskEstimate.unitOfMeasure';

describe('R4 §4.1.1: required bindings to what is not listed', () => {
  for (const [system, { valid, invalid }] of Object.entries(CODES)) {
    const rule = CODE_SYSTEMS.get(system);
    for (const code of valid) it(`${system}: ${code}`, () => expect(rule?.isCode(code)).to.equal(true));
    for (const code of invalid) it(`${system}: not ${code}`, () => expect(rule?.isCode(code)).to.equal(false));
  }

  it('are tested for each code system that has a rule', () => {
    expect(Object.keys(CODES)).to.have.members([...CODE_SYSTEMS.keys()]);
  });

  rows([
    ['the language of a resource', patient({ language: 'de-CH' })],
    ['no language', patient({ language: 'german' }), ['code-invalid', 'Patient.language']],
    ['a media type', patient({ photo: [{ contentType: 'image/png' }] })],
    ['no media type', patient({ photo: [{ contentType: 'png' }] }), ['code-invalid', 'Patient.photo[0].contentType']],
    ['a currency', money('CHF')],
    ['no currency', money('Franken'), ['code-invalid', 'Invoice.totalNet.currency']],
    ['a unit', evidence({ coding: [{ system: UCUM, code: '%' }] })],
    ['a unit beside another coding', evidence({ coding: [{ code: 'x' }, { system: UCUM, code: 'mg' }] })],
    ['no unit', evidence({ coding: [{ system: UCUM, code: 'percent' }] }), ['code-invalid', unit]],
    [
      'a unit of another system',
      evidence({ coding: [{ system: 'http://a.example', code: '%' }] }),
      ['code-invalid', unit],
    ],
    ['a unit in words', evidence({ text: 'percent' }), ['code-invalid', unit]],
    ['an answer of a list of LOINC', sequence('LA6692-3')],
    [
      'an answer of another',
      sequence('LA6694-9'),
      ['code-invalid', 'MolecularSequence.structureVariant[0].variantType'],
    ],
    ['a kind of a concept', sibling('HSIS')],
    [
      'a concept of another kind',
      sibling('MTH'),
      ['code-invalid', 'FamilyMemberHistory.extension[0].extension[0].value.ofType(CodeableConcept)'],
    ],
  ]);

  it('say what to send instead', () => {
    const [issue] = issuesOf(patient({ photo: [{ contentType: 'png' }] }));
    expect(issue?.diagnostics).to.contain('must be a media type, such as application/pdf');
    expect(findings(patient({ photo: [{ contentType: 'png', language: 'x' }] }))).to.have.length(2);
  });
});
