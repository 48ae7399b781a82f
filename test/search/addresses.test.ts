/** A reference to either address of the server is local, whichever a search comes in at (FHIR R4 §3.1.1.4.12). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const BASE = 'https://ward.example';
const REFERENCES = {
  relative: 'Organization/acme',
  root: `${BASE}/Organization/acme`,
  twin: `${BASE}/fhir/Organization/acme`,
  foreign: 'https://elsewhere.example/Organization/acme',
};

describe('Search by references to the own server', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer({ BASE_URL: BASE });
    await server.request('PUT', '/Organization/acme', { as: asRoot, json: { name: 'Acme' } });
    for (const [id, reference] of Object.entries(REFERENCES)) {
      await server.request('PUT', `/Patient/${id}`, { as: asRoot, json: { managingOrganization: { reference } } });
    }
  });
  after(() => server.stop());

  for (const at of ['', '/fhir']) {
    for (const query of [
      'organization=Organization/acme',
      'organization=acme',
      `organization=${BASE}/Organization/acme`,
      `organization=${BASE}/fhir/Organization/acme`,
      'organization.name=Acme',
    ]) {
      it(`${at}/Patient?${query} finds them all but the foreign one`, async () => {
        const reply = await server.request('GET', `${at}/Patient?${query}`, { as: asRoot });
        const ids = (reply.list('entry') as { resource: { id: string } }[]).map(({ resource }) => resource.id);
        expect(ids).to.eql(['relative', 'root', 'twin']);
      });
    }

    it(`${at}/Organization finds by _has and includes what any of them points to`, async () => {
      const has = await server.request('GET', `${at}/Organization?_has:Patient:organization:_id=root`, { as: asRoot });
      expect(has.at('entry.0.resource.id')).to.equal('acme');
      const included = await server.request('GET', `${at}/Patient?_id=root&_include=*`, { as: asRoot });
      expect(included.at('entry.1.resource.id')).to.equal('acme');
    });

    it(`${at}/Patient is made unless one points there by either`, async () => {
      const headers = { 'if-none-exist': 'organization=Organization/acme&_id=root' };
      const json = { resourceType: 'Patient' };
      expect((await server.request('POST', `${at}/Patient`, { as: asRoot, headers, json })).status).to.equal(200);
    });
  }
});
