/** `Accept`, `_format` and `Content-Type`: what is taken and answered, 406 and 415 (RFC 9110 §12.5.1, §15.5.16). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const FHIR = 'application/fhir+json; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';
const YAML = 'text/yaml; charset=utf-8';

const ANSWERS: [accept: string | undefined, format: string | undefined, type: string | 406][] = [
  [undefined, undefined, FHIR],
  ['', undefined, FHIR],
  ['*/*', undefined, FHIR],
  ['application/*', undefined, FHIR],
  ['text/html', undefined, FHIR],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', undefined, FHIR],
  ['application/json', undefined, JSON_TYPE],
  ['APPLICATION/JSON', undefined, JSON_TYPE],
  ['application/fhir+json; fhirVersion=4.0', undefined, FHIR],
  ['text/yaml, application/json;q=0.5', undefined, YAML],
  ['text/yaml;q=0.5, application/json', undefined, JSON_TYPE],
  ['application/yaml', undefined, 'application/yaml; charset=utf-8'],
  ['image/png, text/yaml;q=0.1', undefined, YAML],
  ['text/*', undefined, YAML],
  ['application/xml', undefined, 406],
  ['application/fhir+xml', undefined, 406],
  ['application/json;q=0', undefined, 406],
  ['application/xml', 'json', FHIR],
  ['text/yaml', 'json', FHIR],
  ['application/json', 'yaml', YAML],
  [undefined, 'application/fhir%2Bjson', FHIR],
  [undefined, 'application/fhir+json', FHIR],
  [undefined, 'application/json', JSON_TYPE],
  [undefined, 'text/yaml', YAML],
  [undefined, 'application/x-yaml', 'application/x-yaml; charset=utf-8'],
  ['application/json', 'xml', 406],
  [undefined, 'application/fhir%2Bxml', 406],
];

const BODIES: [contentType: string | undefined, body: string | Buffer, status: number][] = [
  ['application/fhir+json', '{}', 201],
  ['application/json; charset=utf-8', '{}', 201],
  ['application/json; charset="UTF-8"', '{}', 201],
  ['Application/JSON;charset=utf8', '{}', 201],
  ['text/yaml; charset=utf-8', 'gender: male', 201],
  ['application/json; charset=iso-8859-1', '{}', 415],
  ['application/json; charset=utf-16', '{}', 415],
  ['text/yaml; charset=latin1', 'gender: male', 415],
  ['text/plain', '{}', 415],
  ['application/xml', '<Patient/>', 415],
  ['application/fhir+xml', '<Patient/>', 415],
  ['application/x-www-form-urlencoded', 'gender=male', 415],
  ['multipart/form-data; boundary=x', '--x--', 415],
  ['application/json-patch+json', '[]', 415],
  ['json', '{}', 415],
  [undefined, '{}', 415],
  ['application/json', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400],
  ['application/json', Buffer.from('\ufeff{}'), 201],
  ['application/json', '', 400],
  ['application/json', 'gender: male', 400],
  ['text/yaml', '', 400],
  ['application/json', '[]', 400],
  ['application/json', '"Patient"', 400],
  ['text/yaml', '- a', 400],
];

describe('resources: negotiation', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
    await server.request('PUT', '/Patient/p', { as: asRoot, json: { gender: 'male' } });
  });
  after(() => server.stop());

  for (const [accept, format, type] of ANSWERS) {
    const query = format === undefined ? '' : `?_format=${format}`;
    it(`Accept: ${accept ?? 'none'}${query}: ${type}`, async () => {
      const headers = accept === undefined ? {} : { accept };
      for (const path of ['/Patient/p', '/Patient', '/Patient/p/_history', '/Patient/p/_history/1', '/metadata']) {
        const reply = await server.request('GET', `${path}${query}`, { as: asRoot, headers });
        expect(reply.status, `${path} ${reply.text}`).to.equal(type === 406 ? 406 : 200);
        if (type !== 406) expect(reply.header('content-type')).to.equal(type);
        else expect(reply.at('resourceType')).to.equal('OperationOutcome');
      }
    });
  }

  for (const [accept, format, type] of ANSWERS.filter(([, asked]) => asked !== undefined)) {
    it(`Accept: ${accept ?? 'none'}, _format=${format} in the form of a search: ${type}`, async () => {
      const headers = accept === undefined ? {} : { accept };
      const form = `_id=p&_format=${format}`;
      const reply = await server.request('POST', '/Patient/_search', { as: asRoot, headers, form });
      expect(reply.status, reply.text).to.equal(type === 406 ? 406 : 200);
      if (type !== 406) expect(reply.header('content-type')).to.equal(type);
    });
  }

  it('a form asks for indented answers, and for those to failures; what the query says goes first', async () => {
    const search = (path: string, form: string) => server.request('POST', path, { as: asRoot, form });
    const pretty = await search('/Patient/_search', '_id=p&_pretty=true');
    expect(pretty.text).to.match(/^\{\n {2}"resourceType": "Bundle",\n/);
    const yaml = await search('/Patient/_search', '_id=p&_format=yaml');
    expect(yaml.at('entry.0.resource.id')).to.equal('p');
    const failed = await search('/Patient/_search', 'nothing=p&_format=yaml');
    expect([failed.status, failed.header('content-type')]).to.deep.equal([400, YAML]);
    const query = await search('/Patient/_search?_format=application/json', '_id=p&_format=yaml');
    expect(query.header('content-type')).to.equal(JSON_TYPE);
  });

  it('a write that could not be answered is not made', async () => {
    const headers = { accept: 'application/xml' };
    const reply = await server.request('PUT', '/Patient/unanswered', { as: asRoot, headers, json: {} });
    expect(reply.status).to.equal(406);
    expect((await server.request('GET', '/Patient/unanswered', { as: asRoot })).status).to.equal(404);
  });

  it('failures are told in the format that was asked for', async () => {
    const reply = await server.request('GET', '/Patient/none', { as: asRoot, headers: { accept: 'text/yaml' } });
    expect([reply.status, reply.header('content-type')]).to.deep.equal([404, YAML]);
    expect(reply.text).to.match(/^resourceType: OperationOutcome$/m);
  });

  for (const [contentType, body, status] of BODIES) {
    it(`Content-Type: ${contentType ?? 'none'}, ${JSON.stringify(body.toString('utf8'))}: ${status}`, async () => {
      const headers = contentType === undefined ? {} : { 'content-type': contentType };
      const reply = await server.request('POST', '/Patient', { as: asRoot, headers, body });
      expect(reply.status, reply.text).to.equal(status);
      if (status === 415) expect(reply.string('issue.0.diagnostics')).to.match(/application\/fhir\+json|UTF-8/);
    });
  }
});
