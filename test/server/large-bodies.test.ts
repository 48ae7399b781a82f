/** A body is bounded by what is in it, not by its bytes alone, and what is honest has room. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { renderYaml } from '../../server/formats/yaml.ts';
import type { Reply } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { BEYOND, FORM_TYPE, JSON_TYPE, MEGABYTE, PATCH_TYPE, WITHIN, YAML_TYPE } from './hostile-bodies.ts';

const VALUES = 'The body has more than 104857 values: split it into several requests.';
const NAMES = 'The body has more than 4194 different member names: split it into several requests.';
const FIELDS = 'A form can have at most 1000 fields: send fewer at a time.';

/** As many synthetic Patients as have room in a Bundle of a megabyte, of YAML too. */
function honestBundle(): object {
  const lines = readFileSync('test/data/patients.ndjson', 'utf8').trim().split('\n');
  const entry: object[] = [];
  for (let bytes = 0; bytes < MEGABYTE * 0.7; ) {
    const resource = { ...JSON.parse(lines[entry.length] ?? ''), id: `large-${entry.length}` };
    entry.push({ resource, request: { method: 'PUT', url: `Patient/large-${entry.length}` } });
    bytes += JSON.stringify(entry.at(-1)).length;
  }
  return { resourceType: 'Bundle', type: 'transaction', entry };
}

describe('server: large bodies', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
    await server.request('PUT', '/Patient/p', { as: asRoot, json: { name: [{ text: 'a' }] } });
  });
  after(() => server.stop());

  const send = (path: string, type: string, body: string, method = 'POST'): Promise<Reply> =>
    server.request(method, path, {
      as: asRoot,
      body: gzipSync(body),
      headers: { 'content-type': type, 'content-encoding': 'gzip' },
      timeout: 30_000,
    });
  const told = (reply: Reply) => reply.at('issue.0.diagnostics') ?? reply.at('error_description');

  const REFUSED: [what: string, type: string, body: string, told: string][] = [
    ['too many values: empty lists', JSON_TYPE, BEYOND.lists, VALUES],
    ['too many values: nested lists', JSON_TYPE, BEYOND.nested, VALUES],
    ['too many values: a YAML list in one line', YAML_TYPE, BEYOND.yamlFlow, VALUES],
    ['too many values: a YAML list of many lines', YAML_TYPE, BEYOND.yamlBlock, VALUES],
    ['too many values: nested YAML lists', YAML_TYPE, BEYOND.yamlNested, VALUES],
    ['too many names: of one object', JSON_TYPE, BEYOND.names, NAMES],
    ['too many names: of many objects', JSON_TYPE, BEYOND.shapes, NAMES],
  ];
  for (const [what, type, body, message] of REFUSED) {
    for (const path of ['/', '/Patient', '/Patient/$validate', '/$validate']) {
      it(`${what}, to ${path}: 413`, async () => {
        const reply = await send(path, type, body);
        expect([reply.status, reply.at('issue.0.code'), told(reply)]).to.deep.equal([413, 'too-long', message]);
      });
    }
    if (type !== JSON_TYPE) continue;
    for (const path of ['/auth/token', '/auth/revoke', '/auth/introspect']) {
      it(`${what}, to ${path}: 413`, async () => {
        const reply = await send(path, type, body);
        expect([reply.status, reply.at('error'), told(reply)]).to.deep.equal([413, 'invalid_request', message]);
      });
    }
    it(`${what}, as a patch: 413`, async () => {
      const reply = await send('/Patient/p', PATCH_TYPE, body, 'PATCH');
      expect([reply.status, told(reply)]).to.deep.equal([413, message]);
    });
  }

  for (const path of ['/Patient/_search', '/Session/$revoke', '/auth/token', '/auth/revoke', '/auth/introspect']) {
    it(`too many fields of a form, to ${path}: 413`, async () => {
      const reply = await send(path, FORM_TYPE, BEYOND.fields);
      expect([reply.status, told(reply)]).to.deep.equal([413, FIELDS]);
    });
  }

  it('a parameter that may be repeated is so within reason: 400, however often it is sent', async () => {
    const form = 'grant_type=client_credentials&audience=a'.padEnd(MEGABYTE / 2, '&audience=a');
    expect((await send('/auth/token', FORM_TYPE, form)).status).to.equal(413);
    const few = `grant_type=client_credentials${'&audience=a'.repeat(21)}`;
    const reply = await server.request('POST', '/auth/token', { as: asRoot, form: few });
    expect([reply.status, told(reply)]).to.deep.equal([400, 'A parameter is repeated too often.']);
  });

  it('a number of very many digits is refused, not worked out', async () => {
    const reply = await send('/Patient/$validate', YAML_TYPE, `x: 0x${'f'.repeat(MEGABYTE - 10)}`);
    expect([reply.status, told(reply)]).to.match(/^400,Invalid YAML at line 1, column 1: a number can have at most 64/);
  });

  it('a resource that searches would look for by too many values: 413, and nothing is stored', async () => {
    const given = (first: number) => Array.from({ length: 30_000 }, (_, index) => `g${first + index}`);
    const reply = await send('/Patient/many', JSON_TYPE, JSON.stringify({ name: [{ given: given(0) }] }), 'PUT');
    expect(reply.status).to.equal(413);
    expect(told(reply)).to.equal(
      'The resource has more than 52428 values to index for search: split it into several resources.',
    );
    expect((await server.request('GET', '/Patient/many', { as: asRoot })).status).to.equal(404);
    const patch = JSON.stringify([{ op: 'add', path: '/name', value: [{ given: given(7) }] }]);
    expect((await send('/Patient/p', PATCH_TYPE, patch, 'PATCH')).status).to.equal(413);
    expect((await server.request('GET', '/Patient/p', { as: asRoot })).at('meta.versionId')).to.equal('1');
  });

  it('a batch tells no more issues than one answer does, and at least one of each entry', async () => {
    const entry = Array.from({ length: 200 }, () => ({
      resource: { resourceType: 'Patient', name: Array.from({ length: 100 }, () => 1) },
      request: { method: 'POST', url: 'Patient' },
    }));
    const reply = await send('/', JSON_TYPE, JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }));
    expect(reply.status).to.equal(200);
    const counts = entry.map((_, index) => reply.list(`entry.${index}.response.outcome.issue`).length);
    expect(counts.slice(0, 10)).to.deep.equal(counts.slice(0, 10).map(() => 100));
    expect(counts.slice(10)).to.deep.equal(counts.slice(10).map(() => 2));
    expect(reply.at('entry.199.response.outcome.issue.1.diagnostics')).to.match(/^There are more issues/);
  });

  it('a transaction tells no more issues than one answer does', async () => {
    const entry = Array.from({ length: 20 }, () => ({
      resource: { resourceType: 'Patient', name: Array.from({ length: 100 }, () => 1) },
      request: { method: 'POST', url: 'Patient' },
    }));
    const reply = await send('/', JSON_TYPE, JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }));
    expect([reply.status, reply.list('issue').length]).to.deep.equal([422, 1001]);
    expect(reply.at('issue.1000.diagnostics')).to.match(/^There are more issues/);
  });

  for (const [what, body, status] of [
    ['lists', WITHIN.lists, 422],
    ['names', WITHIN.unknown, 422],
    ['what is valid', WITHIN.valid, 201],
  ] as const) {
    it(`as many as there may be are read: ${what}`, async () => {
      expect((await send('/Patient', JSON_TYPE, body)).status).to.equal(status);
    });
  }

  for (const [name, type, render] of [
    ['JSON', JSON_TYPE, JSON.stringify],
    ['YAML', YAML_TYPE, renderYaml],
  ] as const) {
    it(`a megabyte of honest resources is stored from ${name}, and told of in YAML`, async () => {
      const bundle = honestBundle();
      const reply = await server.request('POST', '/', {
        as: asRoot,
        body: render(JSON.parse(JSON.stringify(bundle))),
        headers: { 'content-type': type, accept: YAML_TYPE },
        timeout: 60_000,
      });
      expect(reply.status, reply.text.slice(0, 500)).to.equal(200);
      expect(reply.at('resourceType')).to.equal('Bundle');
      expect(reply.list('entry').length).to.equal((bundle as { entry: object[] }).entry.length);
      const again = await server.request('GET', '/Patient/large-7', { as: asRoot });
      expect(again.status).to.equal(200);
    }).timeout(60_000);
  }

  it('a mistake in a large YAML body is told by its line and column', async () => {
    const body = `${'# a comment\n'.repeat(1000)}name:\n- text: a\n  text: b\n`;
    const reply = await send('/Patient', YAML_TYPE, body);
    expect([reply.status, told(reply)]).to.deep.equal([400, 'Invalid YAML at line 1003, column 3: duplicate key.']);
  });
});

describe('server: who nothing would let pass', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
    await server.request('PUT', '/Client/bare', {
      as: asRoot,
      json: { secret: 'a-secret-of-the-tests', grant_types: ['basic'] },
    });
  });
  after(() => server.stop());

  const bare = { basic: ['bare', 'a-secret-of-the-tests'] } as const;
  for (const [method, path, type] of [
    ['POST', '/Patient', JSON_TYPE],
    ['POST', '/Patient', YAML_TYPE],
    ['PUT', '/Patient/a', JSON_TYPE],
    ['PATCH', '/Patient/a', PATCH_TYPE],
    ['POST', '/Patient/$validate', JSON_TYPE],
    ['POST', '/Patient/_search', FORM_TYPE],
    ['POST', '/Session/$revoke', FORM_TYPE],
    ['POST', '/auth/keys', JSON_TYPE],
  ] as const) {
    it(`is refused before its body is read: ${method} ${path} of ${type}`, async () => {
      const options = { body: '[%', headers: { 'content-type': type } };
      expect((await server.request(method, path, options)).status).to.equal(401);
      expect((await server.request(method, path, { ...options, as: bare })).status).to.equal(403);
      expect((await server.request(method, path, { ...options, as: asRoot })).status).to.equal(400);
    });
  }
});
