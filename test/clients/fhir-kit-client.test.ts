/** fhir-kit-client, a FHIR client, against the running server: at its root and under `/fhir`. */
import { expect } from 'chai';
import { Client } from 'fhir-kit-client';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { ROOT } from '../harness/server.ts';

interface Resource {
  resourceType: string;
  id: string;
  meta: { versionId: string };
  [element: string]: unknown;
}
interface Bundle extends Resource {
  total?: number;
  link: { relation: string; url: string }[];
  entry: { resource: Resource; fullUrl: string }[];
}

const resourceType = 'Patient';
const statusOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 200,
    (error: { response?: { status?: number } }) => error.response?.status,
  );

for (const base of ['', '/fhir']) {
  describe(`clients: fhir-kit-client at ${base || 'the root'}`, () => {
    let server: ClockedServer;
    let client: Client;

    before(async () => {
      server = await startClockedServer();
      const form = { grant_type: 'client_credentials' };
      const as = { basic: [ROOT.id, ROOT.secret] } as const;
      const bearerToken = (await server.request('POST', '/auth/token', { as, form })).string('access_token');
      client = new Client({ baseUrl: `${server.baseUrl}${base}`, bearerToken });
    });
    after(() => server.stop());

    const create = async (family: string) =>
      (await client.create({ resourceType, body: { resourceType, name: [{ family }] } })) as Resource;

    it('reads the capability statement', async () => {
      const statement = (await client.capabilityStatement()) as unknown as { rest: { resource: { type: string }[] }[] };
      expect(statement).to.include({ resourceType: 'CapabilityStatement', fhirVersion: '4.0.1' });
      expect(statement.rest[0]?.resource.map(({ type }) => type)).to.include.members(['Patient', 'Client', 'Session']);
    });

    it('finds the endpoints by smart-configuration', async () => {
      const metadata = await client.smartAuthMetadata();
      expect(String(metadata.tokenUrl)).to.equal(`${server.baseUrl}/auth/token`);
    });

    it('creates, reads, updates and deletes', async () => {
      const made = await create('Kit');
      expect(made.meta.versionId).to.equal('1');
      expect(await client.read({ resourceType, id: made.id })).to.eql(made);
      const body = { ...made, birthDate: '1970-01-01' };
      const changed = (await client.update({ resourceType, id: made.id, body })) as Resource;
      expect(changed).to.include({ birthDate: '1970-01-01' });
      expect(changed.meta.versionId).to.equal('2');
      await client.delete({ resourceType, id: made.id });
      expect(await statusOf(client.read({ resourceType, id: made.id }))).to.equal(410);
    });

    it('reads the history and each version', async () => {
      const { id, ...first } = await create('Past');
      await client.update({ resourceType, id, body: { ...first, id, name: [{ family: 'Present' }] } });
      const history = (await client.history({ resourceType, id })) as Bundle;
      expect(history.entry.map(({ resource }) => resource.meta.versionId)).to.eql(['2', '1']);
      const version = await client.vread({ resourceType, id, version: '1' });
      expect(version).to.deep.include({ name: [{ family: 'Past' }] });
    });

    it('searches, and follows the pages to the last', async () => {
      for (const n of [1, 2, 3, 4, 5]) await create(`Paging${n}`);
      const searchParams = { name: 'paging', _count: 2, _sort: 'family' };
      let page = (await client.search({ resourceType, searchParams })) as Bundle | undefined;
      const names: unknown[] = [];
      const sizes: number[] = [];
      while (page !== undefined) {
        names.push(...page.entry.map(({ resource }) => (resource['name'] as { family: string }[])[0]?.family));
        sizes.push(page.entry.length);
        page = (await client.nextPage({ bundle: page })) as Bundle | undefined;
      }
      expect(names).to.eql([1, 2, 3, 4, 5].map((n) => `Paging${n}`));
      expect(sizes).to.eql([2, 2, 1]);
    });

    it('searches in the compartment of a patient', async () => {
      const { id } = await create('Whole');
      const subject = { reference: `Patient/${id}` };
      await client.create({ resourceType: 'Condition', body: { resourceType: 'Condition', subject } });
      const compartment = { resourceType, id };
      const found = (await client.search({ resourceType: 'Condition', compartment })) as Bundle;
      expect(found.entry.map(({ resource }) => resource['subject'])).to.eql([subject]);
    });

    it('gets an OperationOutcome with an error', async () => {
      const failure = await client.create({ resourceType, body: { resourceType, gender: 'm' } }).then(
        () => undefined,
        (error: { response?: { status?: number; data?: unknown } }) => error.response,
      );
      expect(failure?.status).to.equal(422);
      expect(failure?.data).to.include({ resourceType: 'OperationOutcome' });
    });
  });
}
