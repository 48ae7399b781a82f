/** FHIR R4 §3.1.1.5.8, §3.1.1.5.9: which part of the matches is asked for, and which of what is included. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

/** The elements of the match and of what is included, without those that are always there. */
const PARTS: [query: string, match: string, included: string][] = [
  ['_elements=gender', 'gender', 'active alias name'],
  ['_elements=gender&_summary=false', 'gender', 'active alias name'],
  ['_elements=gender&_summary=true', 'gender', 'active name'],
  ['_summary=true', 'gender managingOrganization', 'active name'],
];

describe('Parts of what is included', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
    const put = (path: string, json: object) => server.request('PUT', path, { as: asRoot, json });
    await put('/Organization/acme', { active: true, name: 'Acme', alias: ['A'] });
    const of = { managingOrganization: { reference: 'Organization/acme' } };
    await put('/Patient/ana', { ...of, gender: 'female', maritalStatus: { text: 'single' } });
  });
  after(() => server.stop());

  for (const [query, match, included] of PARTS) {
    it(`${query}: "${match}" of the match, "${included}" of what is included`, async () => {
      const path = `/Patient?_include=Patient:organization&${query}`;
      const { status, text, body } = await server.request('GET', path, { as: asRoot });
      expect(status, text).to.equal(200);
      const { entry } = body as { entry: { resource: object }[] };
      const always = ['resourceType', 'id', 'meta'];
      const names = entry.map(({ resource }) => Object.keys(resource).filter((name) => !always.includes(name)));
      expect(names.map((each) => each.sort().join(' '))).to.deep.equal([match, included]);
    });
  }

  for (const include of [
    '_include=Patient:organization',
    '_include:iterate=Patient:link',
    '_revinclude=Patient:link',
  ]) {
    it(`_summary=text with ${include.split('=')[0]}: 400`, async () => {
      const { status, body } = await server.request('GET', `/Patient?_summary=text&${include}`, { as: asRoot });
      expect(status).to.equal(400);
      expect(body).to.have.nested.property('issue[0].diagnostics').that.contains('_summary=text cannot be combined');
    });
  }
});
