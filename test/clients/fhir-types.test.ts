/** Code typed by `@types/fhir` takes what the server gives, and what it makes is taken. */
import { expect } from 'chai';
import type { Bundle, CapabilityStatement, Observation, OperationOutcome, Patient } from 'fhir/r4.js';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const PATIENT: Patient = {
  resourceType: 'Patient',
  id: 'ana',
  active: true,
  name: [{ use: 'official', family: 'Muñoz', given: ['Ana'] }],
  birthDate: '1974-12-25',
  _birthDate: {
    extension: [
      { url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime', valueDateTime: '1974-12-25T14:35:45-05:00' },
    ],
  },
};

const OBSERVATION: Observation = {
  resourceType: 'Observation',
  id: 'weight',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
  subject: { reference: 'Patient/ana' },
  effectiveDateTime: '2024-05-01',
  valueQuantity: { value: 71.5, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
};

describe('clients: typed code', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  async function ask<Resource>(method: string, path: string, json?: object): Promise<Resource> {
    const reply = await server.request(method, path, { as: asRoot, json });
    return reply.body as Resource;
  }

  it('writes what it has typed, and reads it back', async () => {
    const made = await ask<Patient>('PUT', '/Patient/ana', PATIENT);
    const { meta, ...rest } = made;
    expect(rest).to.eql(PATIENT);
    expect(meta?.versionId).to.equal('1');
    await ask<Observation>('PUT', '/Observation/weight', OBSERVATION);
    const read = await ask<Observation>('GET', '/Observation/weight');
    expect(read.valueQuantity?.value).to.equal(71.5);
    expect(read.subject?.reference).to.equal('Patient/ana');
  });

  it('walks a searchset', async () => {
    const bundle = await ask<Bundle<Patient | Observation>>('GET', '/Observation?_include=Observation:subject');
    expect(bundle.type).to.equal('searchset');
    const modes = (bundle.entry ?? []).map(({ resource, search }) => [resource?.resourceType, search?.mode]);
    expect(modes).to.eql([
      ['Observation', 'match'],
      ['Patient', 'include'],
    ]);
  });

  it('patches', async () => {
    const reply = await server.request('PATCH', '/Patient/ana', {
      as: asRoot,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ active: false } satisfies Partial<Patient>),
    });
    expect((reply.body as Patient).active).to.equal(false);
  });

  it('reads what is wrong', async () => {
    const outcome = await ask<OperationOutcome>('PUT', '/Patient/bad', { ...PATIENT, id: 'bad', birthDate: 'then' });
    const [issue] = outcome.issue;
    expect([issue?.severity, issue?.code, issue?.expression]).to.eql(['error', 'value', ['Patient.birthDate']]);
  });

  it('reads what is served', async () => {
    const statement = await ask<CapabilityStatement>('GET', '/metadata');
    const patient = statement.rest?.[0]?.resource?.find(({ type }) => type === 'Patient');
    expect(patient?.searchParam?.find(({ name }) => name === 'birthdate')?.type).to.equal('date');
    expect(patient?.conditionalDelete).to.equal('single');
  });
});
