/** Each type is created, read, updated and deleted in every combination of what is sent and what is asked for. */
import { expect } from 'chai';
import { dump } from 'js-yaml';
import { after, before, describe, it } from 'mocha';
import type { RequestOptions } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { contentOf, EXAMPLES, type Resource } from './examples.ts';

const MEDIA_TYPES = [
  'application/fhir+json',
  'application/json',
  'text/yaml',
  'application/yaml',
  'application/x-yaml',
  'text/x-yaml',
];

function written(mediaType: string, value: unknown): RequestOptions {
  const body = mediaType.endsWith('json') ? JSON.stringify(value) : dump(value);
  return { body, headers: { 'content-type': mediaType } };
}

describe('resources: media types', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  for (const sent of MEDIA_TYPES) {
    for (const asked of MEDIA_TYPES) {
      const call = (method: string, path: string, value?: unknown) => {
        const { headers, ...options } = value === undefined ? {} : written(sent, value);
        return server.request(method, path, { as: asRoot, ...options, headers: { ...headers, accept: asked } });
      };

      for (const { type, resource, changed } of EXAMPLES) {
        it(`${type}: ${sent} in, ${asked} out`, async () => {
          const created = await call('POST', `/${type}`, resource);
          expect(created.status, created.text).to.equal(201);
          expect(created.header('content-type')).to.equal(`${asked}; charset=utf-8`);
          expect(contentOf(created)).to.deep.equal(resource);
          const path = `/${type}/${created.string('id')}`;

          const updated = await call('PUT', path, { ...changed, resourceType: type, id: created.string('id') });
          expect([updated.status, updated.at('meta.versionId')], updated.text).to.deep.equal([200, '2']);
          const read = await call('GET', path);
          expect(read.header('content-type')).to.equal(`${asked}; charset=utf-8`);
          expect(read.body).to.deep.equal(updated.body);
          expect(contentOf(read)).to.deep.equal(changed);

          const found = await call('GET', `/${type}?_id=${created.string('id')}`);
          expect(found.header('content-type')).to.equal(`${asked}; charset=utf-8`);
          expect(found.at('entry.0.resource')).to.deep.equal(read.body);
          const history = await call('GET', `${path}/_history`);
          expect(history.at('entry.1.resource')).to.deep.equal(created.body);

          expect((await call('DELETE', path)).status).to.equal(204);
          const gone = await call('GET', path);
          expect([gone.status, gone.header('content-type')]).to.deep.equal([410, `${asked}; charset=utf-8`]);
          expect(gone.at('issue.0.code')).to.equal('deleted');
        });
      }

      it(`Session: ${sent} in, ${asked} out`, async () => {
        const form = 'grant_type=client_credentials';
        const token = await server.request('POST', '/auth/token', { as: asRoot, form });
        const open = (await server.request('GET', '/Session?active=true&_sort=-_lastUpdated', { as: asRoot })).at(
          'entry.0.resource',
        ) as Resource;
        const path = `/Session/${open['id']}`;
        expect((await call('GET', path)).body).to.deep.equal(open);

        const closed = await call('PUT', path, { ...open, active: false });
        expect(closed.status, closed.text).to.equal(200);
        expect(closed.header('content-type')).to.equal(`${asked}; charset=utf-8`);
        expect(contentOf(closed)).to.include({ active: false, start: open['start'] }).and.to.have.property('end');
        const as = { bearer: token.string('access_token') };
        expect((await server.request('GET', path, { as })).status).to.equal(401);
      });
    }
  }
});
