/** YAML says what JSON says: text that it would read as something else is to be quoted, and nothing is lost. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { load } from 'js-yaml';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { contentOf, type Resource } from './examples.ts';

const UNQUOTED: [type: string, yaml: string, place: string][] = [
  ['Patient', 'address:\n- postalCode: 02134', 'Patient.address[0].postalCode'],
  ['Patient', 'identifier:\n- value: 0123', 'Patient.identifier[0].value'],
  ['Patient', 'identifier:\n- value: 1e3', 'Patient.identifier[0].value'],
  ['Patient', 'name:\n- given: [1.50]', 'Patient.name[0].given[0]'],
  ['Patient', 'name:\n- family: true', 'Patient.name[0].family'],
  ['Patient', 'birthDate: 1974', 'Patient.birthDate'],
  ['Client', 'secret: 12345', 'Client.secret'],
  ['Client', 'secret: true', 'Client.secret'],
  ['Client', 'name: 1', 'Client.name'],
  ['User', 'password: 0123', 'User.password'],
  ['User', 'userName: 007', 'User.userName'],
  ['User', 'roles:\n- value: 1', 'User.roles[0].value'],
  ['AccessPolicy', 'engine: allow\ndescription: 1.0', 'AccessPolicy.description'],
];

describe('resources: YAML', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  const put = (path: string, yaml: string) => server.request('PUT', path, { as: asRoot, yaml });
  const read = (path: string, accept: string) => server.request('GET', path, { as: asRoot, headers: { accept } });

  for (const [type, yaml, place] of UNQUOTED) {
    it(`${yaml.replace('\n', ' ')} in a ${type} is a 422 that says to quote it`, async () => {
      const reply = await put(`/${type}/unquoted`, yaml);
      expect(reply.status, reply.text).to.equal(422);
      const issue = (reply.list('issue') as { expression: string[]; diagnostics: string }[])[0];
      expect(issue?.expression).to.deep.equal([place]);
      expect(issue?.diagnostics).to.match(/quote/);
      // What was sent may be a secret.
      if (/secret|password/.test(yaml)) expect(reply.text).to.not.match(/12345|0123/);
      expect((await read(`/${type}/unquoted`, 'text/yaml')).status).to.equal(404);
    });
  }

  it('quoted, it is taken as it stands', async () => {
    const reply = await put('/Patient/quoted', 'birthDate: "1974"\naddress:\n- postalCode: "02134"\n  city: "no"\n');
    expect(reply.status, reply.text).to.equal(201);
    expect(contentOf(reply)).to.deep.equal({ birthDate: '1974', address: [{ postalCode: '02134', city: 'no' }] });
  });

  it('dates need no quotes, and stay text', async () => {
    const reply = await put('/Patient/date', 'birthDate: 1974-12-25\ndeceasedDateTime: 2020-01-01T00:00:00Z\n');
    expect(reply.status, reply.text).to.equal(201);
    expect(contentOf(reply)).to.deep.equal({ birthDate: '1974-12-25', deceasedDateTime: '2020-01-01T00:00:00Z' });
  });

  for (const [name, yaml, line] of [
    ['a syntax error', 'name:\n- family: "x\n', /line \d+/i],
    ['a key twice', 'gender: male\ngender: female\n', /line 2/i],
    ['an alias', 'gender: male\nname: *n\n', /alias/i],
    ['an anchor', 'name: &n\n- family: x\n', /anchor/i],
    ['a tag', 'gender: !!js/function "x"\n', /line 1/i],
    ['a merge key', '<<: {gender: male}\n', /merge/i],
    ['two documents', 'gender: male\n---\ngender: female\n', /document/i],
  ] as const) {
    it(`${name}: 400 that tells where or what`, async () => {
      const reply = await put('/Patient/broken', yaml);
      expect(reply.status, reply.text).to.equal(400);
      expect(reply.string('issue.0.diagnostics')).to.match(line);
    });
  }

  it('keeps every value of the synthetic patients, in and out and in again', async () => {
    const patients = load(readFileSync('seeds/patients.yaml', 'utf8')) as Resource[];
    const documents = readFileSync('seeds/patients.yaml', 'utf8')
      .split(/^(?=- resourceType)/m)
      .slice(1);
    expect(documents).to.have.length(100).and.to.have.length(patients.length);
    for (const [at, document] of documents.entries()) {
      const path = `/Patient/${patients[at]?.['id']}`;
      const yaml = document.replace(/^(?:- | {2})/gm, '');
      const made = await put(path, yaml);
      expect(made.status, made.text).to.equal(201);
      const asJson = await read(path, 'application/fhir+json');
      const { meta, ...sent } = patients[at] ?? {};
      const { meta: kept, ...stored } = asJson.body as Resource;
      expect(stored).to.deep.equal(sent);
      expect(kept).to.deep.include(meta as object);

      const again = await put(path, (await read(path, 'text/yaml')).text);
      expect(again.header('etag'), path).to.equal('W/"1"');
      // Digits that a JavaScript number would not keep are compared as text.
      for (const [decimal] of yaml.matchAll(/(?<=valueDecimal: )\S+/g)) {
        expect(asJson.text).to.include(`"valueDecimal":${decimal}`);
      }
    }
  });
});
