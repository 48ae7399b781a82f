/** CORS: listed origins, `*` without credentials (https://fetch.spec.whatwg.org/#http-cors-protocol). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const LISTED = 'https://app.example.com';
const UNLISTED = [
  'https://evil.example',
  'https://app.example.com.evil.example',
  'https://evil-app.example.com',
  'http://app.example.com',
  'https://app.example.com:8443',
  'https://APP.example.com',
  'null',
  '*',
];

const SETTINGS = { listed: `${LISTED},http://localhost:3000`, any: '*', none: '' } as const;

describe('server: CORS', () => {
  const servers = {} as Record<keyof typeof SETTINGS, ClockedServer>;
  before(async () => {
    for (const [name, origins] of Object.entries(SETTINGS)) {
      servers[name as keyof typeof SETTINGS] = await startClockedServer({
        CORS_ORIGINS: origins,
      });
    }
  });
  after(() => Promise.all(Object.values(servers).map((server) => server.stop())));

  const simple = (server: ClockedServer, origin: string, path = '/Patient') =>
    server.request('GET', path, { as: asRoot, headers: { origin } });
  const preflight = (server: ClockedServer, origin: string, path = '/Patient/p', method = 'PUT') =>
    server.request('OPTIONS', path, {
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,content-type,if-match,x-medplum',
      },
    });

  for (const origin of [LISTED, 'http://localhost:3000']) {
    it(`${origin} is listed: it may read answers and the headers that matter`, async () => {
      for (const path of ['/Patient', '/Patient/none', '/auth/none']) {
        const { headers } = await simple(servers.listed, origin, path);
        expect(headers['access-control-allow-origin'], path).to.equal(origin);
        expect(headers['vary']).to.match(/origin/i);
      }
      const exposed = (await simple(servers.listed, origin)).header('access-control-expose-headers').toLowerCase();
      for (const name of ['etag', 'location', 'last-modified', 'x-request-id', 'www-authenticate', 'retry-after']) {
        expect(exposed).to.include(name);
      }
    });
  }

  it('a refusal for want of credentials can be read too', async () => {
    const reply = await servers.listed.request('GET', '/Patient', { headers: { origin: LISTED } });
    expect(reply.status).to.equal(401);
    expect(reply.header('access-control-allow-origin')).to.equal(LISTED);
  });

  it('a preflight allows whatever headers it asks for, of listed origins alone', async () => {
    const headers = {
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization,cache-control,traceparent,x-requested-with',
    };
    for (const [origin, server, path] of [
      [LISTED, servers.listed, '/Patient'],
      [LISTED, servers.listed, '/auth/token'],
      ['https://any.example', servers.any, '/Patient'],
      ['https://any.example', servers.none, '/metadata'],
    ] as const) {
      const reply = await server.request('OPTIONS', path, { headers: { ...headers, origin } });
      const allowed = reply.header('access-control-allow-headers').toLowerCase().split(',');
      expect(allowed, path).to.include.members(headers['access-control-request-headers'].split(','));
    }
    const other = await servers.listed.request('OPTIONS', '/Patient', {
      headers: { ...headers, origin: 'https://x.y' },
    });
    expect(other.headers).to.not.have.property('access-control-allow-headers');
  });

  it('a preflight needs no credentials, and allows methods and headers', async () => {
    for (const path of ['/Patient/p', '/fhir/Patient/p', '/auth/token', '/Session']) {
      const { status, headers } = await preflight(servers.listed, LISTED, path);
      expect(status, path).to.equal(204);
      expect(headers['access-control-allow-origin']).to.equal(LISTED);
      expect(headers['access-control-allow-methods'])
        .to.match(/PUT/)
        .and.match(/PATCH/)
        .and.match(/DELETE/);
      const allowed = String(headers['access-control-allow-headers']).toLowerCase();
      for (const name of ['authorization', 'content-type', 'if-match', 'x-medplum']) expect(allowed).to.include(name);
      expect(Number(headers['access-control-max-age'])).to.be.above(0);
    }
  });

  for (const origin of UNLISTED) {
    it(`CORS origin echoed with credentials: ${origin} is not`, async () => {
      for (const reply of [await simple(servers.listed, origin), await preflight(servers.listed, origin)]) {
        expect(reply.headers).to.not.have.any.keys('access-control-allow-origin', 'access-control-allow-credentials');
      }
    });
  }

  it('with `*` any origin reads, and none with credentials', async () => {
    for (const origin of [LISTED, 'https://evil.example', 'null']) {
      for (const reply of [await simple(servers.any, origin), await preflight(servers.any, origin)]) {
        expect(reply.header('access-control-allow-origin')).to.equal('*');
        expect(reply.headers).to.not.have.property('access-control-allow-credentials');
      }
    }
  });

  it('without a setting no origin is allowed', async () => {
    for (const reply of [await simple(servers.none, LISTED), await preflight(servers.none, LISTED)]) {
      expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).to.deep.equal([]);
    }
  });

  it('a request without an Origin is told to caches apart', async () => {
    const reply = await servers.listed.request('GET', '/Patient', { as: asRoot });
    expect(reply.header('vary')).to.match(/origin/i);
    expect(reply.headers).to.not.have.property('access-control-allow-origin');
  });
});
