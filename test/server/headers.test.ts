/** The headers that guard a browser, on every answer; HSTS where the public address is https. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const REQUESTS: [method: string, path: string, status: number][] = [
  ['GET', '/health', 200],
  ['GET', '/metadata', 200],
  ['GET', '/Patient', 200],
  ['GET', '/Client/root', 200],
  ['GET', '/Patient/none', 404],
  ['GET', '/Patient?nonsense=1', 400],
  ['POST', '/Patient', 415],
  ['POST', '/Patient/x/_history', 405],
  ['DELETE', '/Patient/none', 204],
  ['POST', '/auth/token', 400],
  ['GET', '/.well-known/jwks.json', 200],
  ['GET', '/nowhere/at/all/of/it', 404],
];

for (const [BASE_URL, secure] of [
  ['https://ward.example', true],
  ['http://ward.example', false],
] as const) {
  describe(`server: security headers of ${BASE_URL}`, () => {
    let server: ClockedServer;
    before(async () => {
      server = await startClockedServer({ BASE_URL });
    });
    after(() => server.stop());

    for (const [method, path, status] of REQUESTS) {
      it(`${method} ${path}: ${status}`, async () => {
        const { headers, status: given } = await server.request(method, path, { as: asRoot });
        expect(given).to.equal(status);
        expect(headers).to.include({
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
          // Public keys are for everyone, and for a while.
          'cache-control': path.endsWith('jwks.json') ? 'public, max-age=300' : 'no-store',
        });
        expect(headers['strict-transport-security']?.startsWith('max-age=') ?? false).to.equal(secure);
        expect(headers).to.not.have.any.keys('x-powered-by', 'server', 'set-cookie');
        // What the server tells everybody of itself may be read from any origin.
        const everybodys = /^\/(metadata|\.well-known\/.*)$/.test(path) ? '*' : undefined;
        expect(headers['access-control-allow-origin']).to.equal(everybodys);
      });
    }

    it('an anonymous refusal has them too', async () => {
      const { status, headers } = await server.request('GET', '/Patient');
      expect(status).to.equal(401);
      expect(headers).to.include({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    });

    it('RFC 5789 §2.2, §3.1: who sends something else, or asks by OPTIONS, is told what patches may be', async () => {
      const types = 'application/json-patch+json, application/merge-patch+json';
      const refused = await server.request('PATCH', '/Patient/p', { as: asRoot, json: {} });
      expect([refused.status, refused.header('accept-patch')]).to.deep.equal([415, types]);
      const asked = await server.request('OPTIONS', '/Patient/p');
      expect([asked.status, asked.header('accept-patch')]).to.deep.equal([204, types]);
      expect((await server.request('OPTIONS', '/')).header('accept-patch')).to.equal('');
    });

    it('a token is not to be stored, nor is a refusal of one', async () => {
      for (const form of ['grant_type=client_credentials', 'grant_type=password', '']) {
        const { headers } = await server.request('POST', '/auth/token', { as: asRoot, form });
        expect(headers).to.include({ 'cache-control': 'no-store', pragma: 'no-cache' });
      }
    });
  });
}
