/** `@medplum/core`, a FHIR client, against the running server: it signs in, writes, searches, pages and patches. */
import { MedplumClient } from '@medplum/core';
import { expect } from 'chai';
import type { Bundle, Patient } from 'fhir/r4.js';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { ROOT } from '../harness/server.ts';

for (const base of ['', 'fhir']) {
  describe(`clients: @medplum/core at ${base || 'the root'}`, () => {
    let server: ClockedServer;
    let client: MedplumClient;

    before(async () => {
      server = await startClockedServer();
      const tokenUrl = `${server.url}/auth/token`;
      client = new MedplumClient({ baseUrl: `${server.url}/`, fhirUrlPath: base, tokenUrl, fetch, cacheTime: 0 });
      await client.startClientLogin(ROOT.id, ROOT.secret);
    });
    after(() => server.stop());

    const create = async (family: string): Promise<Patient & { id: string }> =>
      (await client.createResource({ resourceType: 'Patient', name: [{ family }] })) as Patient & { id: string };

    it('creates, reads, updates and deletes', async () => {
      const made = await create('Plum');
      expect(await client.readResource('Patient', made.id)).to.eql(made);
      const changed = await client.updateResource({ ...made, birthDate: '1970-01-01' });
      expect(changed.meta?.versionId).to.equal('2');
      await client.deleteResource('Patient', made.id);
      const gone = await client.readResource('Patient', made.id).catch((error: unknown) => error);
      expect(gone).to.have.nested.property('outcome.issue[0].code', 'deleted');
    });

    it('patches by JSON Patch, and reads the history', async () => {
      const { id } = await create('Patch');
      const patched = await client.patchResource('Patient', id, [{ op: 'add', path: '/gender', value: 'other' }]);
      expect(patched).to.deep.include({ gender: 'other', name: [{ family: 'Patch' }] });
      const history: Bundle<Patient> = await client.readHistory('Patient', id);
      expect(history.entry?.map(({ resource }) => resource?.meta?.versionId)).to.eql(['2', '1']);
      expect(await client.readVersion('Patient', id, '1')).not.to.have.property('gender');
    });

    it('searches, a thousand at once where it is asked for all', async () => {
      await create('Needle');
      expect(await client.searchResources('Patient', 'family=needle')).to.have.length(1);
      expect(await client.searchOne('Patient', { family: 'nothing' })).to.equal(undefined);
      const bundle = await client.search('Patient', { family: 'needle', _count: '1000', _total: 'accurate' });
      expect(bundle).to.include({ type: 'searchset', total: 1 });
    });

    it('follows the pages to the last', async () => {
      for (const n of [1, 2, 3, 4, 5]) await create(`Page${n}`);
      const pages: unknown[][] = [];
      for await (const page of client.searchResourcePages('Patient', 'family=page&_count=2&_sort=family')) {
        pages.push(page.map(({ name }) => name?.[0]?.family));
      }
      expect(pages).to.eql([['Page1', 'Page2'], ['Page3', 'Page4'], ['Page5']]);
    });

    it('creates and updates on a condition', async () => {
      const first = await client.createResourceIfNoneExist<Patient>(
        { resourceType: 'Patient', name: [{ family: 'Once' }] },
        'family=once',
      );
      const again = await client.createResourceIfNoneExist<Patient>(
        { resourceType: 'Patient', name: [{ family: 'Once' }] },
        'family=once',
      );
      expect(again).to.eql(first);
      const name = [{ family: 'Once', given: ['More'] }];
      const upserted = await client.upsertResource<Patient>({ resourceType: 'Patient', name }, 'family=once');
      expect(upserted.id).to.equal(first.id);
      expect(upserted.name).to.eql(name);
    });

    it('validates, and gets an OperationOutcome with an error', async () => {
      const wrong = { resourceType: 'Patient', gender: 'm' } as unknown as Patient;
      expect((await client.validateResource(wrong)).issue[0]?.expression).to.eql(['Patient.gender']);
      const error = await client.createResource(wrong).catch((reason: unknown) => reason);
      expect(error).to.have.nested.property('outcome.issue[0].expression').eql(['Patient.gender']);
    });
  });
}
