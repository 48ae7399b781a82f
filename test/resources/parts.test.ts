/** Parts of resources by `_elements` and `_summary` (FHIR R4 §3.1.1.5.8, §3.1.1.5.9), as JSON may be (§2.6.2). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const UNKNOWN = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
};
const ACCOUNT = { _status: UNKNOWN, name: 'a' };
const INTAKE = { status: 'completed', medicationCodeableConcept: { text: 'a' }, subject: { display: 'b' } };
const TAKEN = { ...INTAKE, _effectiveDateTime: UNKNOWN, category: { text: 'c' } };
const VISIT = { status: 'finished', class: { code: 'AMB' } };

const ROWS: [about: string, type: string, whole: object, query: string, part: object][] = [
  ['what is required, where only an extension tells of it', 'Account', ACCOUNT, '_summary=text', { _status: UNKNOWN }],
  ['the same', 'Account', ACCOUNT, '_elements=owner', { _status: UNKNOWN }],
  [
    'the same of a choice',
    'MedicationAdministration',
    TAKEN,
    '_elements=category',
    { ...INTAKE, category: { text: 'c' }, _effectiveDateTime: UNKNOWN },
  ],
  [
    'an object of which nothing belongs to the summary',
    'DocumentReference',
    { status: 'current', content: [{ attachment: { title: 'a' } }], context: { facilityType: { text: 'b' } } },
    '_summary=true',
    { status: 'current', content: [{ attachment: { title: 'a' } }] },
  ],
  [
    'one of several such objects',
    'Encounter',
    { ...VISIT, participant: [{ period: { start: '2020' } }, { individual: { display: 'a' } }] },
    '_summary=true',
    { ...VISIT, participant: [{ individual: { display: 'a' } }] },
  ],
  [
    'several such objects',
    'Encounter',
    { ...VISIT, participant: [{ period: { start: '2020' } }, { period: { start: '2021' } }] },
    '_summary=true',
    VISIT,
  ],
];

describe('resources: parts', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  for (const [about, type, whole, query, expected] of ROWS) {
    it(`${about}: ${query} of ${type}`, async () => {
      const put = await server.request('PUT', `/${type}/part`, { as: asRoot, json: whole });
      expect(put.status, put.text).to.be.oneOf([200, 201]);
      const { body } = await server.request('GET', `/${type}/part?${query}`, { as: asRoot });
      const { resourceType: _type, id: _id, meta: _meta, ...part } = body as Record<string, unknown>;
      expect(part).to.deep.equal(expected);
    });
  }
});
