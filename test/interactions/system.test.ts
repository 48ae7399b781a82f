/** What stands at the base beside Bundles, and what every address takes: `$validate`, `_pretty`, `_format`, HEAD. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { binary, entry, send } from './bundles.ts';

const BAD = { resourceType: 'Patient', gender: 'unknowable', name: [{ given: ['A', 7] }] };
const GOOD = { resourceType: 'Patient', gender: 'other' };
const inParameters = (resource: object) => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'resource', resource }],
});

describe('interactions: system', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
    await server.request('PUT', '/Patient/p', { as: asRoot, json: GOOD });
  });
  after(() => server.stop());

  const post = (path: string, json: object, headers = {}) =>
    server.request('POST', path, { as: asRoot, json, headers });

  describe('$validate', () => {
    for (const path of ['/$validate', '/Patient/$validate', '/fhir/$validate']) {
      for (const [about, wrap] of [
        ['a resource', (resource: object) => resource],
        ['Parameters', inParameters],
      ] as const) {
        it(`${path} of ${about}: 200 with every issue, at its place in the resource`, async () => {
          const bad = await post(path, wrap(BAD));
          expect(bad.status, bad.text).to.equal(200);
          const found = (bad.list('issue') as { code: string; expression: string[] }[]).map(({ code, expression }) => [
            code,
            ...expression,
          ]);
          expect(found).to.have.deep.members([
            ['code-invalid', 'Patient.gender'],
            ['value', 'Patient.name[0].given[1]'],
          ]);
          const good = await post(path, wrap(GOOD));
          expect([good.status, good.at('issue.0.severity')]).to.deep.equal([200, 'information']);
        });
      }
    }

    const refused: [about: string, json: object, status: number, code: string][] = [
      ['no type', { gender: 'other' }, 400, 'structure'],
      ['a type that is none', { resourceType: 'Spaceship' }, 404, 'not-supported'],
      ['a type that is no text', { resourceType: ['Patient'] }, 400, 'structure'],
      ['Parameters without a resource', { resourceType: 'Parameters' }, 400, 'structure'],
    ];
    for (const [about, json, status, code] of refused) {
      it(`${about}: ${status}`, async () => {
        const reply = await post('/$validate', json);
        expect([reply.status, reply.at('issue.0.code')]).to.deep.equal([status, code]);
      });
    }

    const wrapped = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter });
    const good = { name: 'resource', resource: GOOD };
    const envelopes: [about: string, json: object, code: string, place: string][] = [
      ['an unknown member', { ...wrapped(good), parametr: 1 }, 'structure', 'Parameters.parametr'],
      ['one of a part', wrapped({ ...good, resorce: 1 }), 'structure', 'Parameters.parameter[0].resorce'],
      ['a part without a name', wrapped(good, { valueCode: 'create' }), 'required', 'Parameters.parameter[1].name'],
      ['a part that is none', wrapped(good, []), 'structure', 'Parameters.parameter[1]'],
      ['a second resource', wrapped(good, good), 'structure', 'Parameters.parameter[1]'],
      [
        'a part of no meaning',
        wrapped({ name: 'x', valueCode: 'y' }, good),
        'not-supported',
        'Parameters.parameter[0]',
      ],
      [
        'one in another',
        wrapped({ ...good, resource: wrapped(good) }),
        'structure',
        'Parameters.parameter[0].resource',
      ],
    ];
    for (const [about, json, code, place] of envelopes) {
      it(`a Parameters with faults of its own: ${about}: 400 and its place`, async () => {
        for (const path of ['/$validate', '/Patient/$validate']) {
          const reply = await post(path, json);
          expect([reply.status, reply.at('issue.0.code')], reply.text).to.deep.equal([400, code]);
          expect(reply.at('issue.0.expression')).to.deep.equal([place]);
        }
      });
    }

    it('a profile or a mode that it does not validate by: 400, not the word that all is well', async () => {
      const base = 'http://hl7.org/fhir/StructureDefinition/Patient';
      const named = (name: string, value: string) => ({
        ...inParameters(GOOD),
        parameter: [{ name, valueUri: value }, ...inParameters(GOOD).parameter],
      });
      for (const [path, json, status] of [
        ['/Patient/$validate?profile=http://example.org/p', GOOD, 400],
        ['/$validate?mode=delete', GOOD, 400],
        ['/Patient/$validate', named('profile', 'http://example.org/p'), 400],
        [`/Patient/$validate?profile=${base}`, GOOD, 200],
        ['/Patient/$validate', named('profile', `${base}|4.0.1`), 200],
        ['/Patient/$validate?mode=create', GOOD, 200],
      ] as const) {
        const reply = await post(path, json);
        expect(reply.status, path).to.equal(status);
        if (status === 400) expect(reply.at('issue.0.code')).to.equal('not-supported');
      }
    });

    it('never repeats a secret', async () => {
      const reply = await post('/$validate', { resourceType: 'Client', secret: 'not-told', grant_types: ['none'] });
      expect([reply.status, reply.text.includes('not-told')]).to.deep.equal([200, false]);
    });

    it('is judged as the type that is validated', async () => {
      await server.request('PUT', '/Client/validator', { as: asRoot, json: { secret: 's', grant_types: ['basic'] } });
      await server.request('PUT', '/AccessPolicy/validator', {
        as: asRoot,
        json: {
          engine: 'allow',
          link: [{ reference: 'Client/validator' }, { resourceType: 'Operation', id: 'Patient.validate' }],
        },
      });
      const as = { basic: ['validator', 's'] as const };
      const status = async (json: object) => (await server.request('POST', '/$validate', { as, json })).status;
      expect([await status(GOOD), await status({ resourceType: 'Client' })]).to.deep.equal([200, 403]);
      expect(await status(inParameters({ resourceType: 'Client' }))).to.equal(403);
    });

    it('takes POST alone', async () => {
      expect((await server.request('OPTIONS', '/$validate')).header('allow')).to.include('POST');
    });
  });

  describe('_pretty', () => {
    const paths = [
      '/Patient/p',
      '/Patient',
      '/Patient/p/_history',
      '/Patient/p/_history/1',
      '/metadata',
      '/Patient/none',
    ];
    for (const path of paths) {
      it(`${path} is indented where _pretty=true, and the same value`, async () => {
        const plain = await server.request('GET', path, { as: asRoot });
        const pretty = await server.request('GET', `${path}?_pretty=true`, { as: asRoot });
        expect(pretty.text).to.match(/^\{\n {2}"resourceType": "\w+",\n/);
        expect(plain.text).to.not.include('\n');
        if (!path.endsWith('Patient') && !path.includes('_history')) expect(pretty.body).to.deep.equal(plain.body);
        const off = await server.request('GET', `${path}?_pretty=false`, { as: asRoot });
        expect(off.text).to.not.include('\n');
      });
    }

    it('of writes and Bundles', async () => {
      const put = await server.request('PUT', '/Patient/p?_pretty=true', { as: asRoot, json: GOOD });
      const bundle = await send(server, 'batch', [entry('GET Patient/p')], { path: '/?_pretty=true' });
      for (const { text } of [put, bundle]) expect(text).to.include('\n  "');
    });
  });

  describe('_format', () => {
    const calls: [method: string, path: string, json?: object][] = [
      ['GET', '/Patient/p'],
      ['GET', '/Patient'],
      ['GET', '/Patient/_history'],
      ['GET', '/Patient/p/_history'],
      ['GET', '/Patient/p/_history/1'],
      ['POST', '/Patient', GOOD],
      ['PUT', '/Patient/p', GOOD],
      ['POST', '/Patient/$validate', GOOD],
      ['POST', '/$validate', GOOD],
      ['POST', '/', { resourceType: 'Bundle', type: 'batch' }],
      ['GET', '/metadata'],
    ];
    for (const [method, path, json] of calls) {
      it(`${method} ${path} as YAML`, async () => {
        const options = { as: asRoot, ...(json && { json }), headers: { accept: 'application/json' } };
        const reply = await server.request(method, `${path}?_format=yaml`, options);
        expect(reply.status, reply.text).to.be.oneOf([200, 201]);
        expect(reply.header('content-type')).to.equal('text/yaml; charset=utf-8');
        expect((await server.request(method, `${path}?_format=xml`, options)).status).to.equal(406);
      });
    }
  });

  for (const [prefer, text] of [
    ['return=minimal', /^$/],
    ['return=OperationOutcome', /"OperationOutcome"/],
    ['return=representation', /"Patient"/],
  ] as const) {
    it(`Prefer: ${prefer} of every write`, async () => {
      const headers = { prefer };
      const patch = {
        headers: { ...headers, 'content-type': 'application/merge-patch+json' },
        body: '{"active":true}',
      };
      const replies = [
        await server.request('POST', '/Patient', { as: asRoot, json: GOOD, headers }),
        await server.request('POST', '/Patient', {
          as: asRoot,
          json: GOOD,
          headers: { ...headers, 'if-none-exist': '_id=p' },
        }),
        await server.request('PUT', '/Patient/p', { as: asRoot, json: GOOD, headers }),
        await server.request('PUT', '/Patient?_id=p', { as: asRoot, json: GOOD, headers }),
        await server.request('PATCH', '/Patient/p', { as: asRoot, ...patch }),
        await server.request('PATCH', '/Patient?_id=p', { as: asRoot, ...patch }),
      ];
      for (const reply of replies) {
        expect(reply.status, reply.text).to.be.oneOf([200, 201]);
        expect(reply.text).to.match(text);
        expect(reply.header('etag')).to.match(/^W\/"\d+"$/);
      }
    });
  }

  it('the capability statement tells of Bundles and of the history of the system', async () => {
    const reply = await server.request('GET', '/metadata');
    const codes = ['history-system', 'transaction', 'batch'].map((code) => ({ code }));
    expect(reply.at('rest.0.interaction')).to.have.deep.members(codes);
  });

  it('method override headers change nothing', async () => {
    const headers = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE', 'x-http-method': 'DELETE' };
    const reply = await send(server, 'batch', [entry('PATCH Patient/p', binary([]))], { headers });
    expect(reply.at('entry.0.response.status')).to.equal('200');
    expect((await server.request('GET', '/Patient/p', { as: asRoot })).status).to.equal(200);
  });
});
