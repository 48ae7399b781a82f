/** DELETE leaves the versions, and an id that is used again continues them (FHIR R4 §3.1.0.7.1). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { contentOf, EXAMPLES } from './examples.ts';

describe('resources: delete', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  const call = (method: string, path: string, json?: unknown) =>
    server.request(method, path, { as: asRoot, ...(json === undefined ? {} : { json }) });

  for (const { type, resource } of EXAMPLES) {
    it(`${type}: 204 without a body, and again, without another version`, async () => {
      const path = `/${type}/twice`;
      await call('PUT', path, resource);
      for (const time of ['first', 'second', 'third']) {
        const reply = await call('DELETE', path);
        expect([reply.status, reply.text, reply.header('etag')], time).to.deep.equal([204, '', 'W/"2"']);
      }
      expect((await call('GET', `${path}/_history`)).list('entry')).to.have.length(2);
    });

    it(`${type}: 404 for what never was, 410 for what is gone, to GET and to HEAD`, async () => {
      const path = `/${type}/gone`;
      for (const method of ['GET', 'HEAD']) expect((await call(method, path)).status).to.equal(404);
      expect((await call('GET', path)).at('issue.0.code')).to.equal('not-found');
      await call('PUT', path, resource);
      await call('DELETE', path);
      for (const method of ['GET', 'HEAD']) expect((await call(method, path)).status).to.equal(410);
      expect((await call('GET', path)).at('issue.0.code')).to.equal('deleted');
    });

    it(`${type}: found no more`, async () => {
      const id = (await call('POST', `/${type}`, resource)).string('id');
      expect((await call('GET', `/${type}?_id=${id}`)).list('entry')).to.have.length(1);
      await call('DELETE', `/${type}/${id}`);
      expect((await call('GET', `/${type}?_id=${id}`)).list('entry')).to.have.length(0);
    });

    it(`${type}: made again under the same id, it is 201 and continues the versions`, async () => {
      // Clients and Users share their names, so each type has an id of its own.
      const path = `/${type}/again-${type}`;
      await call('PUT', path, resource);
      await call('DELETE', path);
      const reply = await call('PUT', path, resource);
      expect([reply.status, reply.header('etag'), reply.at('meta.versionId')]).to.deep.equal([201, 'W/"3"', '3']);
      expect(reply.header('location')).to.match(new RegExp(`${path}/_history/3$`));
      expect(contentOf(reply)).to.deep.equal(resource);
      expect((await call('GET', `/${type}?_id=again-${type}`)).list('entry')).to.have.length(1);
      const methods = (await call('GET', `${path}/_history`)).list('entry') as { request: { method: string } }[];
      expect(methods.map(({ request }) => request.method)).to.deep.equal(['PUT', 'DELETE', 'PUT']);
    });
  }

  it('of what never was: 204, and it still never was', async () => {
    expect((await call('DELETE', '/Patient/never')).status).to.equal(204);
    expect((await call('GET', '/Patient/never')).status).to.equal(404);
    expect((await call('GET', '/Patient/never/_history')).status).to.equal(404);
  });

  it('of a type, without an id or a query: refused', async () => {
    expect((await call('DELETE', '/Patient')).status).to.be.oneOf([405, 412]);
    expect((await call('DELETE', '/Unknown/1')).status).to.equal(404);
  });
});
