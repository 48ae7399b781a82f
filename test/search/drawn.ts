/** Resources and searches drawn from small sets of values, so that they meet. */
import fc from 'fast-check';
import { escaped } from '../../resources/search/index/text.ts';

/** In several orders of code units and code points. */
const TEXTS = [
  ...['Ela', 'z'].map((end) => `${'Ana '.repeat(124)}abc\u{1f600} ${end}`),
  'Ana',
  'ana',
  'Éla',
  'Strasse',
  'straße',
  'a b',
  '100%_x',
  'a,b',
  'c|d',
  '\u{1f600}z',
  '\uff21',
  '\\',
  'z',
];
const CODES = ['a', 'A', 'b', '', 'x|y', '\u{1f600}'];
export const SYSTEMS = ['urn:a', 'urn:b', 'http://c.example'];
const DATES = ['2019', '2020-02', '2020-02-29', '2020-02-29T12:00:00Z', '2020-03-01T00:30:00+02:00', '2021-01-01'];
const NUMBERS = ['1', '0.5', '2.00', '1e1', '-3', '72.5'];
const URLS = [
  'http://a.example/b',
  'http://a.example/b/c',
  'http://a.example/b/c|2',
  'urn:oid:1.2.3',
  'http://a.example',
];
const FORMS = ['http://a.example/f', 'http://a.example/g', 'urn:f'];
const VERSIONS = ['1', '1.2', '10', '2', '2-RC', '2-rc', '\u{1f600}'];
const MEDIA = ['text/xml', 'text/xml; charset=UTF-8', 'text/xml2', 'text/plain'];
const IDS = ['1', '2', '3', '4'];

const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 3 });
const some = <Value>(value: fc.Arbitrary<Value>) => fc.array(value, { minLength: 1, maxLength: 3 });
const coding = fc.record({
  system: optional(fc.constantFrom(...SYSTEMS)),
  code: optional(fc.constantFrom(...CODES)),
  display: optional(fc.constantFrom(...TEXTS)),
});
const concept = fc.record({ coding: optional(some(coding)), text: optional(fc.constantFrom(...TEXTS)) });
const reference = (...types: string[]) =>
  fc.oneof(
    fc.record({
      reference: fc
        .tuple(fc.constantFrom('', 'https://ward.example/', 'https://else.example/'), fc.constantFrom(...types))
        .chain(([base, type]) => fc.constantFrom(...IDS).map((id) => `${base}${type}/${id}`)),
    }),
    fc.record({ identifier: fc.record({ system: fc.constantFrom(...SYSTEMS), value: fc.constantFrom(...CODES) }) }),
  );
const quantity = fc.record({
  value: fc.constantFrom(...NUMBERS.map(Number)),
  unit: optional(fc.constantFrom('kg', 'g')),
  system: optional(fc.constantFrom(...SYSTEMS)),
  code: optional(fc.constantFrom('kg', 'g')),
  comparator: optional(fc.constantFrom('<', '>=')),
});
const date = fc.constantFrom(...DATES);
const included = fc.record({
  system: fc.constantFrom(...SYSTEMS),
  concept: optional(some(fc.record({ code: fc.constantFrom(...CODES) }))),
});
const named = CODES.filter((code) => code !== '');
const filtered = fc.record({
  system: fc.constantFrom(...SYSTEMS),
  filter: some(
    fc.record({
      property: fc.constant('concept'),
      op: fc.constantFrom('is-a', 'is-not-a', 'descendent-of', 'generalizes', '=', 'not-in'),
      value: fc.constantFrom(...named),
    }),
  ),
});
/** One of each system: every code, each below some others. */
export const codeSystem = fc
  .array(fc.array(fc.constantFrom(...named), { maxLength: 2 }), { minLength: named.length, maxLength: named.length })
  .map((parents) => ({
    content: 'complete',
    concept: named.map((code, index) => ({
      code,
      property: parents[index]?.map((valueCode) => ({ code: 'parent', valueCode })) ?? [],
    })),
  }));

export const ELEMENTS: Record<string, fc.Arbitrary<object>> = {
  Patient: fc.record({
    active: optional(fc.boolean()),
    gender: optional(fc.constantFrom('female', 'male')),
    telecom: optional(some(fc.record({ value: fc.constantFrom('a', 'A', 'b', 'x|y') }))),
    birthDate: optional(fc.constantFrom(...DATES.slice(0, 3))),
    name: optional(some(fc.record({ family: fc.constantFrom(...TEXTS), given: some(fc.constantFrom(...TEXTS)) }))),
    identifier: optional(
      some(
        fc.record({ system: optional(fc.constantFrom(...SYSTEMS)), value: fc.constantFrom(...CODES), type: concept }),
      ),
    ),
    deceasedDateTime: optional(date),
    managingOrganization: optional(reference('Organization')),
    generalPractitioner: optional(some(reference('Organization', 'Practitioner'))),
    link: optional(some(fc.record({ other: reference('Patient') }))),
  }),
  Observation: fc.record({
    code: concept,
    subject: optional(reference('Patient')),
    effectivePeriod: optional(fc.record({ start: optional(date), end: optional(date) })),
    valueQuantity: optional(quantity),
    component: optional(some(fc.record({ code: concept, valueQuantity: quantity }))),
  }),
  Organization: fc.record({ name: optional(fc.constantFrom(...TEXTS)), partOf: optional(reference('Organization')) }),
  ValueSet: fc.record({
    url: optional(fc.constantFrom(...URLS)),
    version: optional(fc.constantFrom(...CODES)),
    compose: fc.record({
      include: some(fc.oneof(included, included, filtered)),
      exclude: optional(some(fc.oneof(included, filtered))),
    }),
  }),
  Questionnaire: fc.record({
    url: optional(fc.constantFrom(...FORMS)),
    version: optional(fc.constantFrom(...VERSIONS)),
    title: optional(fc.constantFrom(...TEXTS)),
  }),
  QuestionnaireResponse: fc.record({
    questionnaire: optional(
      fc.constantFrom(...FORMS).chain((url) => fc.constantFrom(url, ...VERSIONS.map((version) => `${url}|${version}`))),
    ),
    status: fc.constantFrom('completed', 'stopped'),
  }),
  DocumentReference: fc.record({
    content: some(fc.record({ attachment: fc.record({ contentType: fc.constantFrom(...MEDIA) }) })),
  }),
  Location: fc.record({
    position: optional(
      fc.record({ latitude: fc.constantFrom(-90, 0, 48.2, 48.21), longitude: fc.constantFrom(-180, 0, 16.37, 180) }),
    ),
  }),
  RiskAssessment: fc.record({
    prediction: optional(some(fc.record({ probabilityDecimal: fc.constantFrom(...NUMBERS.map(Number)) }))),
  }),
};

const texts = fc.constantFrom(...TEXTS.map(escaped), 'a', 's', 'A', 'Ana ana '.repeat(62), '\u{1f600} ');
const codes = fc.constantFrom(...CODES.filter((code) => code !== '').map(escaped));
const tokens = fc.oneof(
  codes,
  fc.tuple(fc.constantFrom('', ...SYSTEMS), codes).map((pair) => pair.join('|')),
  fc.constantFrom(...SYSTEMS).map((system) => `${system}|`),
);
const prefixes = fc.constantFrom('', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap');
const prefixed = (values: readonly string[]) =>
  fc.tuple(prefixes, fc.constantFrom(...values)).map((parts) => parts.join(''));
const quantities = fc
  .tuple(prefixed(NUMBERS), fc.constantFrom('', '||kg', '|urn:a|kg', '|urn:b|g'))
  .map((parts) => parts.join(''));
const references = (type: string) =>
  fc
    .tuple(
      fc.constantFrom('', `${type}/`, `https://ward.example/${type}/`, `https://else.example/${type}/`),
      fc.constantFrom(...IDS),
    )
    .map((parts) => parts.join(''));
const canonicals = fc
  .tuple(fc.constantFrom(...FORMS), fc.constantFrom('', '|', ...VERSIONS.map((version) => `|${version}`)))
  .map((parts) => parts.join(''));
const concepts = fc
  .tuple(fc.constantFrom(...SYSTEMS), fc.constantFrom(...named.map(escaped)))
  .map((parts) => parts.join('|'));
const valueSets = fc.integer({ min: 1, max: 40 }).map((id) => `ValueSet/${id}`);
const parts = fc.constantFrom('1', 'Organization/2', 'https://ward.example/Organization/17', '40', 'none');
const missing = fc.constantFrom('true', 'false');

type Parameter = readonly [name: string, value: fc.Arbitrary<string>];

/** The parameters of the types, in every kind and with every modifier. */
const PARAMETERS: Record<string, Parameter[]> = {
  Patient: [
    ...['name', 'name:contains', 'name:exact', 'family'].map((name): Parameter => [name, texts]),
    ...['gender', 'gender:not', 'active', 'active:not'].map(
      (name): Parameter => [name, fc.constantFrom('female', 'male', 'true', 'false')],
    ),
    ...['identifier', 'identifier:not', 'organization:identifier', 'telecom', 'telecom:not'].map(
      (name): Parameter => [name, tokens],
    ),
    ['identifier:text', texts],
    ['identifier:of-type', fc.tuple(fc.constantFrom(...SYSTEMS), codes, codes).map((parts) => parts.join('|'))],
    ...['birthdate', 'death-date', '_lastUpdated'].map((name): Parameter => [name, prefixed(DATES)]),
    ['organization', references('Organization')],
    ['organization:Organization', references('Organization')],
    ['organization:above', parts],
    ['organization:below', parts],
    ['_has:Observation:patient:patient.organization:below', parts],
    ['general-practitioner', references('Practitioner')],
    ['link', references('Patient')],
    ['_id', fc.constantFrom(...IDS)],
    ['_id:not', fc.constantFrom(...IDS)],
    ...['name', 'birthdate', 'organization', 'identifier', '_id'].map(
      (name): Parameter => [`${name}:missing`, missing],
    ),
    ...['organization.name', 'organization.partof.name', 'link:Patient.name'].map((name): Parameter => [name, texts]),
    ['organization.name:missing', missing],
    ['link:Patient.link:Patient.gender:not', fc.constantFrom('female')],
    ['_has:Observation:patient:code', tokens],
    ['_has:Observation:patient:code:text', texts],
    ['_has:Observation:patient:code:below', concepts],
    ['_has:Patient:link:gender', fc.constantFrom('female', 'male')],
    ['_has:Patient:link:_has:Observation:subject:value-quantity', quantities],
  ],
  Observation: [
    ['code', tokens],
    ['code:text', texts],
    ['code:in', valueSets],
    ['code:not-in', valueSets],
    ['code:above', concepts],
    ['code:below', concepts],
    ['patient.gender:in', valueSets],
    ['date', prefixed(DATES)],
    ['value-quantity', quantities],
    ['code-value-quantity', fc.tuple(tokens, quantities).map((parts) => parts.join('$'))],
    ['component-code-value-quantity', fc.tuple(tokens, quantities).map((parts) => parts.join('$'))],
    ['component-code-value-quantity:missing', missing],
    ['patient', references('Patient')],
    ['patient.organization.name', texts],
    ['subject:Patient.birthdate', prefixed(DATES)],
  ],
  Organization: [
    ['name', texts],
    ['partof.name', texts],
    ['partof:above', parts],
    ['partof:below', parts],
    ['_has:Patient:organization:name', texts],
  ],
  DocumentReference: [
    ['contenttype', fc.constantFrom(...MEDIA)],
    ['contenttype:below', fc.constantFrom('text/xml', 'text/plain')],
  ],
  ValueSet: [
    ['url', fc.tuple(fc.constantFrom(...URLS), codes).map((parts) => parts.join('|'))],
    ...['url', 'url:above', 'url:below'].map((name): Parameter => [name, fc.constantFrom(...URLS.map(escaped))]),
  ],
  Questionnaire: [
    ['_has:QuestionnaireResponse:questionnaire:status', fc.constantFrom('completed', 'stopped')],
    ['_has:QuestionnaireResponse:questionnaire:_id', fc.constantFrom(...IDS)],
    ['_has:QuestionnaireResponse:questionnaire:questionnaire', canonicals],
  ],
  QuestionnaireResponse: [
    ...['questionnaire', 'questionnaire:below'].map((name): Parameter => [name, canonicals]),
    ['questionnaire:missing', missing],
    ['questionnaire.title', texts],
    ['questionnaire:Questionnaire.version', fc.constantFrom(...VERSIONS)],
    ['questionnaire.version:missing', missing],
    ['questionnaire._has:QuestionnaireResponse:questionnaire:status', fc.constantFrom('completed', 'stopped')],
  ],
  Location: [
    ['near', fc.constantFrom('48.2|16.37', '48.2|16.37|1|km', '48.21|16.37|0', '-90|7|9000|[mi_i]', '0|180|1|m')],
    ['near:missing', missing],
  ],
  RiskAssessment: [['probability', prefixed(NUMBERS)]],
};

export const searches = fc.constantFrom(...Object.entries(PARAMETERS)).chain(([type, parameters]) => {
  const pair = fc
    .constantFrom(...parameters)
    .chain(([name, value]) =>
      fc
        .array(value, { minLength: 1, maxLength: name.endsWith(':missing') ? 1 : 3 })
        .map((values) => [name, values.join(',')]),
    );
  return fc.tuple(fc.constant(type), fc.array(pair, { minLength: 1, maxLength: 2 }));
});
