/** HEAD answers as GET without the body; what an address does not take is 405 with what it takes. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { EXAMPLES } from './examples.ts';

describe('resources: methods', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
    for (const { type, resource } of EXAMPLES) {
      await server.request('PUT', `/${type}/m-${type}`, { as: asRoot, json: resource });
    }
  });
  after(() => server.stop());

  const ADDRESSES = EXAMPLES.flatMap(({ type }) => [
    `/${type}`,
    `/${type}/m-${type}`,
    `/${type}/m-${type}/_history`,
    `/${type}/m-${type}/_history/1`,
    `/${type}/_history`,
  ]);
  for (const path of [...ADDRESSES, '/Session', '/metadata', '/health', '/auth/keys', '/.well-known/jwks.json']) {
    it(`HEAD ${path} has the headers of GET and no body`, async () => {
      const get = await server.request('GET', path, { as: asRoot });
      const head = await server.request('HEAD', path, { as: asRoot });
      expect([get.status, head.status, head.text]).to.deep.equal([200, 200, '']);
      for (const name of ['content-type', 'content-length', 'etag', 'last-modified']) {
        expect(head.header(name), name).to.equal(get.header(name));
      }
    });
  }

  it('HEAD where GET is denied', async () => {
    for (const path of ADDRESSES) {
      const [get, head] = [await server.request('GET', path), await server.request('HEAD', path)];
      expect([head.status, head.header('www-authenticate')]).to.deep.equal([401, get.header('www-authenticate')]);
      expect([head.text, head.header('etag'), head.header('last-modified')]).to.deep.equal(['', '', '']);
    }
  });

  for (const [method, path] of [
    ['POST', '/Patient/x/_history'],
    ['POST', '/Patient/m-Patient'],
    ['POST', '/Patient/m-Patient/_history'],
    ['PUT', '/Patient/m-Patient/_history/1'],
    ['DELETE', '/Patient/m-Patient/_history/1'],
    ['POST', '/metadata'],
    ['DELETE', '/health'],
    ['TRACE', '/Patient/m-Patient'],
    ['PROPFIND', '/Patient'],
  ] as const) {
    it(`${method} ${path}: 405 with an OperationOutcome`, async () => {
      const reply = await server.request(method, path, { as: asRoot });
      expect([reply.status, reply.at('resourceType')], reply.text).to.deep.equal([405, 'OperationOutcome']);
      expect(reply.at('issue.0.code')).to.equal('not-supported');
      expect(reply.header('allow')).to.match(/\b(GET|POST)\b/);
    });
  }

  for (const path of ['/Patient/$validate', '/$validate', '/fhir/$validate', '/Session/$revoke']) {
    it(`${path} is an operation, and no id or type: POST alone`, async () => {
      for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE']) {
        const reply = await server.request(method, path, { as: asRoot });
        expect([reply.status, reply.header('allow')], method).to.deep.equal([405, 'POST']);
      }
      const options = await server.request('OPTIONS', path);
      expect([options.status, options.header('allow')]).to.deep.equal([204, 'POST']);
    });
  }

  for (const [path, allow] of [
    ['/_history', 'HEAD, GET'],
    ['/Patient/_history', 'HEAD, GET'],
    ['/fhir/Patient/_history', 'HEAD, GET'],
    ['/Patient/_search', 'POST'],
  ] as const) {
    it(`${path} is no type and no id: ${allow} alone`, async () => {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        if (allow.includes(method)) continue;
        const json = {};
        const reply = await server.request(method, path, { as: asRoot, ...(method !== 'HEAD' && { json }) });
        expect([reply.status, reply.header('allow')], method).to.deep.equal([405, allow]);
      }
      const options = await server.request('OPTIONS', path);
      expect([options.status, options.header('allow')]).to.deep.equal([204, allow]);
    });
  }

  it('an operation that there is not: 404, whatever the method', async () => {
    for (const path of ['/Patient/$explode', '/$explode', '/Patient/$revoke', '/Patient/m-Patient/$validate']) {
      for (const method of ['GET', 'POST', 'PUT', 'OPTIONS']) {
        expect((await server.request(method, path, { as: asRoot })).status, `${method} ${path}`).to.equal(404);
      }
    }
  });

  it('method override headers', async () => {
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
      const options = { as: asRoot, headers: { [name]: 'DELETE' } };
      expect((await server.request('GET', '/Patient/m-Patient', options)).status).to.equal(200);
      expect((await server.request('POST', '/Patient?_method=DELETE', { ...options, json: {} })).status).to.equal(201);
    }
    expect((await server.request('GET', '/Patient/m-Patient', { as: asRoot })).status).to.equal(200);
  });

  it('trailing slash, `//`, `%2f`, case of the type: none is another way to a resource', async () => {
    for (const path of ['/Patient/m-Patient/', '//Patient/m-Patient', '/Patient//m-Patient', '/Patient%2fm-Patient']) {
      expect((await server.request('GET', path, { as: asRoot })).status, path).to.be.within(400, 405);
    }
    for (const path of [
      '/patient/m-Patient',
      '/PATIENT/m-Patient',
      '/./Patient/m-Patient',
      '/x/../Patient/m-Patient',
    ]) {
      expect((await server.request('GET', path, { as: asRoot })).status, path).to.be.within(400, 405);
      expect((await server.request('GET', path)).status, path).to.be.within(400, 405);
    }
  });
});
