/** The large documents that anyone may read come compressed to whoever takes that (RFC 9110 §12.5.3). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';

describe('server: compressed documents', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  const taking = (path: string, encodings: string, method = 'GET') =>
    fetch(`${server.url}${path}`, { method, headers: { 'accept-encoding': encodings } });

  for (const path of ['/metadata', '/fhir/metadata', '/metadata?_format=yaml', '/openapi.json']) {
    it(`${path} is the same either way`, async () => {
      const plain = await server.request('GET', path);
      expect(plain.headers).to.not.have.property('content-encoding');
      expect(plain.header('vary'))
        .to.match(/accept-encoding/i)
        .and.match(/origin/i);
      // Once more, of what was kept.
      for (const encodings of ['gzip', 'br, deflate, gzip;q=0.5', '*']) {
        const reply = await taking(path, encodings);
        expect([reply.status, reply.headers.get('content-encoding')], encodings).to.eql([200, 'gzip']);
        expect(reply.headers.get('content-type')).to.equal(plain.header('content-type'));
        expect(await reply.text()).to.equal(plain.text);
      }
      const length = Number((await taking(path, 'gzip', 'HEAD')).headers.get('content-length'));
      expect(length).to.be.within(1, plain.text.length / 4);
    });
  }

  for (const encodings of ['identity', 'gzip;q=0', 'br', 'gzip;q=0.1, identity']) {
    it(`Accept-Encoding ${encodings}: as it is`, async () => {
      const reply = await taking('/openapi.json', encodings);
      expect([reply.status, reply.headers.get('content-encoding')]).to.eql([200, null]);
      expect(await reply.json()).to.include({ openapi: '3.1.0' });
    });
  }
});
