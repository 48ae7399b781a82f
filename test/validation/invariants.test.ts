/** The published rules: every one is held by code, or named here with the reason why not; and some at work. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Json, JsonObject } from '../../resources/json/value.ts';
import { isObject } from '../../resources/json/value.ts';
import { invariantOf } from '../../resources/validate/invariants/registry.ts';
import { patient, type Row, rows } from './check.ts';

const DATA = new URL('../../resources/fhir/r4/', import.meta.url);

/** Rules that are held elsewhere, and those that cannot be held. */
const ELSEWHERE = ['txt-1', 'txt-2', 'ref-1'];
/** They name a code system called `something`. */
const MEANINGLESS = ['ppc-2', 'ppc-3', 'ppc-4', 'ppc-5'];

/** The rules in a definition: the id of each and what it demands. */
function rulesIn(value: Json): [id: string, demand: string][] {
  if (Array.isArray(value)) return value.flatMap(rulesIn);
  if (!isObject(value)) return [];
  const own = isObject(value.invariants) ? Object.entries(value.invariants) : [];
  return [
    ...own.map(([id, demand]): [string, string] => [id, String(demand)]),
    ...Object.values(value).flatMap(rulesIn),
  ];
}

describe('validation: published rules', () => {
  const published = readdirSync(DATA).flatMap((file) => rulesIn(JSON.parse(readFileSync(new URL(file, DATA), 'utf8'))));

  it('are held, every one that can be', () => {
    const elsewhere = new Set([...ELSEWHERE, ...MEANINGLESS]);
    expect(new Set(published.map(([id]) => id)).size).to.be.above(190);
    const missing = published.filter(([id, demand]) => !elsewhere.has(id) && invariantOf(id, demand) === undefined);
    expect(missing).to.eql([]);
  });

  it('are one for each id, or told apart by what they demand', () => {
    const demands = new Map<string, Set<string>>();
    for (const [id, demand] of published) demands.set(id, (demands.get(id) ?? new Set()).add(demand));
    const several = [...demands].filter(([, those]) => those.size > 1).map(([id]) => id);
    expect(several).to.eql(['inv-1']);
    expect(invariantOf('inv-1', 'something else')).to.equal(undefined);
  });
});

const value = (key: string, content: JsonObject) => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'a', [key]: content }],
});
const testReport = (action: JsonObject): JsonObject => ({
  resourceType: 'TestReport',
  status: 'completed',
  testScript: { display: 'a' },
  result: 'pass',
  setup: { action: [action] },
});
const placeOf = (type: string) => `Parameters.parameter[0].value.ofType(${type})`;
const broken = (type: string): ['invariant', string] => ['invariant', placeOf(type)];

describe('validation: rules of the datatypes', () => {
  const ucum = { system: 'http://unitsofmeasure.org' };
  const table: Row[] = [
    ['per-1', value('valuePeriod', { start: '2024-02', end: '2024-02-01' })],
    ['per-1, broken', value('valuePeriod', { start: '2024-03', end: '2024-02-01' }), broken('Period')],
    [
      'per-1, broken across zones',
      value('valuePeriod', { start: '2024-01-01T01:00:00Z', end: '2024-01-01T01:00:00+02:00' }),
      broken('Period'),
    ],
    ['qty-3', value('valueQuantity', { value: 1, code: 'mg', ...ucum })],
    ['qty-3, broken', value('valueQuantity', { value: 1, code: 'mg' }), broken('Quantity')],
    ['cpt-2, broken', value('valueContactPoint', { value: '1' }), broken('ContactPoint')],
    ['att-1, broken', value('valueAttachment', { data: 'YQ==' }), broken('Attachment')],
    ['rng-2', value('valueRange', { low: { value: 2, unit: 'a' }, high: { value: 1, unit: 'b' } })],
    ['rng-2, broken', value('valueRange', { low: { value: 2 }, high: { value: 1 } }), broken('Range')],
    [
      'sqty-1, broken',
      value('valueRange', { low: { value: 2, comparator: '<' } }),
      ['invariant', `${placeOf('Range')}.low`],
    ],
    ['rat-1, broken', value('valueRatio', { numerator: { value: 1 } }), broken('Ratio')],
    ['age-1', value('valueAge', { value: 1, code: 'a', ...ucum })],
    ['age-1, broken by its value', value('valueAge', { value: 0, code: 'a', ...ucum }), broken('Age')],
    [
      'age-1, broken by its system',
      value('valueAge', { value: 1, code: 'a', system: 'http://a.example' }),
      broken('Age'),
    ],
    ['drt-1, broken', value('valueDuration', { code: 'a', ...ucum }), broken('Duration')],
    ['cnt-3, broken', value('valueCount', { value: 1.5, code: '1', ...ucum }), broken('Count')],
    ['exp-1, broken', value('valueExpression', { language: 'text/fhirpath' }), broken('Expression')],
    ['tim-1, broken', value('valueTiming', { repeat: { duration: 1 } }), ['invariant', `${placeOf('Timing')}.repeat`]],
    [
      'tim-9, broken',
      value('valueTiming', { repeat: { offset: 1, when: ['C'] } }),
      ['invariant', `${placeOf('Timing')}.repeat`],
    ],
    ['trd-3, broken', value('valueTriggerDefinition', { type: 'periodic' }), broken('TriggerDefinition')],
    [
      'not judged where the structure is wrong',
      value('valuePeriod', { start: 3, end: '2024' }),
      ['value', `${placeOf('Period')}.start`],
    ],
  ];
  rows(table);
});

describe('validation: rules of the resources', () => {
  const ver = 'http://terminology.hl7.org/CodeSystem/condition-ver-status';
  const clinical = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
  const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
  const condition = (elements: JsonObject) => ({ resourceType: 'Condition', subject: { display: 'a' }, ...elements });
  const bundle = (elements: JsonObject) => ({ resourceType: 'Bundle', ...elements });
  const questionnaire = (...item: JsonObject[]) => ({ resourceType: 'Questionnaire', status: 'draft', item });
  const table: Row[] = [
    ['pat-1', patient({ contact: [{ name: { text: 'a' } }] })],
    ['pat-1, broken', patient({ contact: [{ gender: 'male' }] }), ['invariant', 'Patient.contact[0]']],
    ['a required binding of a concept', condition({ clinicalStatus: coded(clinical, 'active') })],
    [
      'a required binding of a concept, broken by its code',
      condition({ clinicalStatus: coded(clinical, 'a') }),
      ['code-invalid', 'Condition.clinicalStatus'],
    ],
    [
      'a required binding of a concept, broken by its system',
      condition({ clinicalStatus: coded(ver, 'active') }),
      ['code-invalid', 'Condition.clinicalStatus'],
    ],
    [
      'con-4, broken',
      condition({ clinicalStatus: coded(clinical, 'active'), abatementString: 'a' }),
      ['invariant', 'Condition'],
    ],
    [
      'con-5, broken',
      condition({ clinicalStatus: coded(clinical, 'active'), verificationStatus: coded(ver, 'entered-in-error') }),
      ['invariant', 'Condition'],
    ],
    [
      'obs-6, broken',
      {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'a' },
        valueString: 'b',
        dataAbsentReason: { text: 'c' },
      },
      ['invariant', 'Observation'],
    ],
    [
      'obs-7, broken',
      {
        resourceType: 'Observation',
        status: 'final',
        code: coded('http://a.example', 'b'),
        valueString: 'b',
        component: [{ code: coded('http://a.example', 'b') }],
      },
      ['invariant', 'Observation'],
    ],
    [
      'org-2, broken',
      { resourceType: 'Organization', name: 'a', address: [{ use: 'home', text: 'b' }] },
      ['invariant', 'Organization.address[0]'],
    ],
    ['bdl-3, broken', bundle({ type: 'batch', entry: [{ resource: patient({}) }] }), ['invariant', 'Bundle']],
    [
      'bdl-5, broken',
      bundle({ type: 'collection', entry: [{ fullUrl: 'http://a.example' }] }),
      ['invariant', 'Bundle.entry[0]'],
    ],
    [
      'bdl-7, broken',
      bundle({
        type: 'collection',
        entry: [
          { fullUrl: 'urn:a:b', resource: patient({}) },
          { fullUrl: 'urn:a:b', resource: patient({}) },
        ],
      }),
      ['invariant', 'Bundle'],
    ],
    [
      'inv-1, broken',
      { resourceType: 'Parameters', parameter: [{ name: 'a' }] },
      ['invariant', 'Parameters.parameter[0]'],
    ],
    [
      'inv-1 of a Task',
      { resourceType: 'Task', status: 'requested', intent: 'order', authoredOn: '2024-02', lastModified: '2024-02-03' },
    ],
    [
      'inv-1 of a Task, broken',
      {
        resourceType: 'Task',
        status: 'requested',
        intent: 'order',
        authoredOn: '2024-02-04',
        lastModified: '2024-02-03',
      },
      ['invariant', 'Task'],
    ],
    ['inv-1 of a TestReport', testReport({ operation: { result: 'pass' } })],
    [
      'inv-1 of a TestReport, broken',
      testReport({ operation: { result: 'pass' }, assert: { result: 'pass' } }),
      ['invariant', 'TestReport.setup.action[0]'],
    ],
    ['que-1, broken', questionnaire({ linkId: '1', type: 'group' }), ['invariant', 'Questionnaire.item[0]']],
    [
      'que-2, broken',
      questionnaire({ linkId: '1', type: 'string' }, { linkId: '1', type: 'string' }),
      ['invariant', 'Questionnaire'],
    ],
    [
      'a heading of a value set is no code',
      questionnaire({ linkId: '1', type: 'question' }),
      ['code-invalid', 'Questionnaire.item[0].type'],
    ],
    [
      'vsd-1, broken',
      { resourceType: 'ValueSet', status: 'draft', compose: { include: [{ version: '1' }] } },
      ['invariant', 'ValueSet.compose.include[0]'],
    ],
  ];
  rows(table);
});

describe('validation: rules of elements that have the content of others', () => {
  const observation = { resourceType: 'Observation', status: 'final', code: { text: 'a' } };
  const among = (...item: JsonObject[]): JsonObject => ({
    resourceType: 'Questionnaire',
    status: 'draft',
    item: [{ linkId: 'all', type: 'group', item }],
  });
  const table: Row[] = [
    [
      'obs-3, broken in a component',
      { ...observation, component: [{ code: { text: 'b' }, referenceRange: [{ age: { low: { value: 1 } } }] }] },
      ['invariant', 'Observation.component[0].referenceRange[0]'],
    ],
    ['que-1, in a group', among({ linkId: '1', type: 'group', item: [{ linkId: '2', type: 'display' }] })],
    ['que-1, broken in a group', among({ linkId: '1', type: 'group' }), ['invariant', 'Questionnaire.item[0].item[0]']],
    [
      'qrs-1, broken below an answer',
      {
        resourceType: 'QuestionnaireResponse',
        status: 'completed',
        item: [
          {
            linkId: '1',
            answer: [
              {
                valueBoolean: true,
                item: [{ linkId: '2', answer: [{ valueBoolean: true }], item: [{ linkId: '3' }] }],
              },
            ],
          },
        ],
      },
      ['invariant', 'QuestionnaireResponse.item[0].answer[0].item[0]'],
    ],
    [
      'vsd-1, broken by what is left out',
      {
        resourceType: 'ValueSet',
        status: 'draft',
        compose: { include: [{ system: 'http://a.example' }], exclude: [{ version: '1' }] },
      },
      ['invariant', 'ValueSet.compose.exclude[0]'],
    ],
    [
      'inv-1, broken in a part',
      { resourceType: 'Parameters', parameter: [{ name: 'a', part: [{ name: 'b' }] }] },
      ['invariant', 'Parameters.parameter[0].part[0]'],
    ],
    [
      'tst-8, which says what tst-7 does, broken',
      {
        resourceType: 'TestScript',
        url: 'http://a.example',
        name: 'a',
        status: 'draft',
        test: [{ action: [{ operation: { encodeRequestUrl: true } }] }],
      },
      ['invariant', 'TestScript.test[0].action[0].operation'],
    ],
  ];
  rows(table);
});
