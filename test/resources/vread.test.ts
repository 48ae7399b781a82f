/** One version of a resource: `GET /{type}/{id}/_history/{vid}` (FHIR R4 §3.1.0.6). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Reply } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { EXAMPLES } from './examples.ts';

describe('resources: vread', () => {
  let server: ClockedServer;
  const written = new Map<string, Reply[]>();
  const call = (method: string, path: string, json?: unknown) =>
    server.request(method, path, { as: asRoot, ...(json === undefined ? {} : { json }) });

  before(async () => {
    server = await startClockedServer();
    for (const { type, resource, changed } of EXAMPLES) {
      const path = `/${type}/v-${type}`;
      const versions = [await call('PUT', path, resource)];
      server.pass(60);
      versions.push(await call('PUT', path, changed), await call('DELETE', path), await call('PUT', path, resource));
      written.set(type, versions);
    }
  });
  after(() => server.stop());

  for (const { type } of EXAMPLES) {
    for (const version of [1, 2, 4]) {
      it(`${type}: version ${version} is what the write answered`, async () => {
        const reply = await call('GET', `/${type}/v-${type}/_history/${version}`);
        const answered = written.get(type)?.[version - 1];
        expect(reply.status).to.equal(200);
        expect(reply.body).to.deep.equal(answered?.body);
        expect(reply.header('etag')).to.equal(`W/"${version}"`);
        expect(reply.header('last-modified')).to.equal(answered?.header('last-modified'));
      });
    }

    it(`${type}: the deleted version is 410, one that is not there 404`, async () => {
      const path = `/${type}/v-${type}/_history`;
      expect((await call('GET', `${path}/3`)).status).to.equal(410);
      expect((await call('GET', `${path}/5`)).status).to.equal(404);
      expect((await call('HEAD', `${path}/2`)).header('etag')).to.equal('W/"2"');
    });
  }

  for (const version of ['0', '01', '-1', '1.0', '1e0', 'x', '999999999', '99999999999999999999', '%00', "1'"]) {
    it(`version ${version}: 404 or 400, never more`, async () => {
      expect((await call('GET', `/Patient/v-Patient/_history/${version}`)).status).to.be.oneOf([404, 400]);
    });
  }

  for (const [query, expected] of [
    ['_elements=gender', { gender: 'male' }],
    ['_elements=gender&_elements=birthDate', { gender: 'male', birthDate: '1970-01-01' }],
    ['_summary=text', {}],
    ['_summary=false', { gender: 'male', birthDate: '1970-01-01' }],
  ] as const) {
    it(`${query} gives the part of a version that it gives of the current one`, async () => {
      await call('PUT', '/Patient/part', { gender: 'male', birthDate: '1970-01-01' });
      const read = await call('GET', `/Patient/part?${query}`);
      const { resourceType, id, meta, ...part } = read.body as Record<string, unknown>;
      expect(part).to.deep.equal(expected);
      const reply = await call('GET', `/Patient/part/_history/1?${query}`);
      expect(reply.status, reply.text).to.equal(200);
      expect(reply.body).to.deep.equal({ resourceType, id, meta, ...part });
    });
  }

  for (const query of ['_summary=bogus', '_elements=bogus']) {
    it(`${query}: 400, as of the current one`, async () => {
      await call('PUT', '/Patient/part', { gender: 'male', birthDate: '1970-01-01' });
      expect((await call('GET', `/Patient/part?${query}`)).status).to.equal(400);
      expect((await call('GET', `/Patient/part/_history/1?${query}`)).status).to.equal(400);
    });
  }

  it('of an id that never was: 404', async () => {
    expect((await call('GET', '/Patient/none/_history/1')).status).to.equal(404);
  });

  it('a version of another type under the same id: 404', async () => {
    await call('PUT', '/Patient/both', {});
    await call('PUT', '/Patient/both', { gender: 'male' });
    await call('PUT', '/Client/both', {});
    expect((await call('GET', '/Client/both/_history/2')).status).to.equal(404);
  });
});
