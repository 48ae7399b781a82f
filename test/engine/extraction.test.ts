/** What index rows resources give is known to the databases that hold them: it does not change unnoticed. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { readJson } from '../../resources/json/read.ts';
import { isObject, type JsonObject } from '../../resources/json/value.ts';
import { createRegistry } from '../../resources/registry.ts';
import { indexRows } from '../../resources/search/index/extract.ts';
import { EXTRACTION } from '../../resources/search/index/extraction.ts';

/** The rows that an extraction gives for these resources. Where they change, raise EXTRACTION and put both here. */
const KNOWN = { extraction: 1, rows: 'e932c2b9740386d0' };

const CODE = { coding: [{ system: 'http://loinc.org', code: '8480-6', display: 'Systolic' }], text: 'Blood pressure' };
const VALUE = { value: 1.5, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' };
const SAMPLES: JsonObject[] = [
  {
    resourceType: 'Observation',
    code: CODE,
    valueQuantity: VALUE,
    subject: { reference: 'Patient/ana', identifier: { system: 'urn:x', value: '1' } },
    effectivePeriod: { start: '2024-02-29', end: '2024-03-01T10:00:00.125Z' },
    component: [
      { code: CODE, valueQuantity: { ...VALUE, comparator: '<' } },
      { code: { text: 'Diastolic' }, valueQuantity: { value: 80 } },
    ],
  },
  {
    resourceType: 'Observation',
    code: CODE,
    valueString: `Œuvre ﬁne ${'long '.repeat(600)}`,
    effectiveDateTime: '2024',
  },
  { resourceType: 'Location', name: 'Spital Straße', position: { latitude: 48.21, longitude: 16.37 } },
  { resourceType: 'RiskAssessment', prediction: [{ probabilityDecimal: 0.1 }, { probabilityRange: { low: VALUE } }] },
  { resourceType: 'List', entry: [{ item: { reference: 'https://other.example/fhir/Patient/1/_history/2' } }] },
  { resourceType: 'Client', grant_types: ['basic'], description: 'An application' },
];

function examples(): JsonObject[] {
  const lines = ['examples', 'patients'].flatMap((name) =>
    readFileSync(`test/data/${name}.ndjson`, 'utf8').trimEnd().split('\n'),
  );
  return lines.map((line) => readJson(line)).filter(isObject);
}

describe('engine: the extraction of index rows', () => {
  it('gives the rows that its number stands for', () => {
    const registry = createRegistry();
    const rows = createHash('sha256');
    for (const resource of [...SAMPLES, ...examples()]) {
      const definition = registry.get(String(resource['resourceType']));
      if (!definition) throw new Error(`There is no type ${String(resource['resourceType'])}`);
      rows.update(JSON.stringify([...indexRows(registry, definition, resource)].sort()));
    }
    const made = { extraction: EXTRACTION, rows: rows.digest('hex').slice(0, 16) };
    expect(made, 'other rows need another number: npm run reindex is to be asked for').to.eql(KNOWN);
  });
});
