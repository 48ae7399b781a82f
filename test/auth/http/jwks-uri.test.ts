/** jwks_uri that is private, redirects, is slow or huge; and one that is as it should be. */
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { after, before, beforeEach, describe, it } from 'mocha';
import { createFetchKeys } from '../../../auth/clients/fetch-keys.ts';
import { readConfig } from '../../../server/config.ts';
import { startServer } from '../../../server/start.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { ROOT } from '../../harness/server.ts';

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** What is fetched; a text of its own where that takes longer than anybody should wait. */
function inTime(fetched: Promise<unknown>): Promise<unknown> {
  return Promise.race([fetched, delay(8_000, 'is waited for on and on', { ref: false })]);
}

describe('jwks_uri: what is fetched', () => {
  let keys: Server;
  let handle: RequestListener;
  let asked = 0;
  let base: string;
  let reports: string[];

  before(async () => {
    keys = createServer((request, response) => handle(request, response));
    // By connections: one that speaks TLS is never a request here.
    keys.on('connection', () => {
      asked += 1;
    });
    keys.listen(0, '127.0.0.1');
    await once(keys, 'listening');
    base = `http://127.0.0.1:${(keys.address() as AddressInfo).port}`;
  });
  after(() => {
    keys.closeAllConnections();
    keys.close();
  });
  beforeEach(() => {
    asked = 0;
    reports = [];
    handle = (_request, response) => response.end('{"keys":[]}');
  });

  const report = (problem: string) => void reports.push(problem);
  const fetcher = (permitted: boolean, addresses?: string[]) =>
    createFetchKeys({ private: permitted, report, ...(addresses ? { resolve: async () => addresses } : {}) });

  it('a set, where the server may reach it', async () => {
    expect(await fetcher(true)(`${base}/jwks`)).to.eql({ keys: [] });
    expect(await fetcher(true, ['127.0.0.1'])(base.replace('127.0.0.1', 'keys.example'))).to.eql({ keys: [] });
    expect(asked).to.equal(2);
  });

  it('a set of this very machine by the names that are always its own', async () => {
    for (const name of ['localhost', 'app.localhost']) {
      expect(await fetcher(true)(base.replace('127.0.0.1', name)), name).to.eql({ keys: [] });
    }
    expect(asked).to.equal(2);
  });

  const unreached: [why: string, uri: () => string, addresses?: string[]][] = [
    ['plain http', () => base.replace('127.0.0.1', 'keys.example'), ['93.184.215.14']],
    ['a private address', () => base.replace('http:', 'https:')],
    ['a private address as a number', () => base.replace('http:', 'https:').replace('127.0.0.1', '2130706433')],
    ['a private address in octal', () => base.replace('http:', 'https:').replace('127.0.0.1', '0177.0.0.1')],
    ['loopback by IPv6', () => base.replace('http:', 'https:').replace('127.0.0.1', '[::1]')],
    ['IPv4 in IPv6', () => base.replace('http:', 'https:').replace('127.0.0.1', '[::ffff:127.0.0.1]')],
    ['a name of a private address', () => base.replace('http://127.0.0.1', 'https://keys.example'), ['127.0.0.1']],
    ['the name localhost', () => base.replace('http://127.0.0.1', 'https://localhost')],
    ['a name of the metadata service', () => 'https://keys.example/', ['169.254.169.254']],
    [
      'a name with one private address',
      () => base.replace('http://127.0.0.1', 'https://k.example'),
      ['127.0.0.1', '8.8.8.8'],
    ],
    ['a name without an address', () => 'https://keys.example/', []],
    ['credentials', () => base.replace('http://', 'https://a:b@')],
    ['a file', () => 'file:///etc/passwd'],
    ['what is no URL', () => 'nonsense'],
  ];
  for (const [why, uri, addresses] of unreached) {
    it(`jwks_uri that is private: never asks ${why}`, async () => {
      expect(await fetcher(false, addresses)(uri())).to.equal(undefined);
      expect(asked).to.equal(0);
      expect(reports).to.have.length(1);
      expect(reports[0]).to.match(/not use https|no public address|no address|credentials|Invalid URL/);
    });
  }

  const unusable: [why: string, answer: RequestListener][] = [
    [
      'jwks_uri that redirects',
      ({ url }, response) => {
        if (url !== '/else') response.writeHead(302, { location: `${base}/else` });
        response.end('{"keys":[]}');
      },
    ],
    ['jwks_uri that is huge', (_request, response) => response.end(`{"keys":[],"x":"${'x'.repeat(70_000)}"}`)],
    ['jwks_uri that is not found', (_request, response) => response.writeHead(404).end('{"keys":[]}')],
    ['jwks_uri that is no JSON', (_request, response) => response.end('<html>')],
    [
      'jwks_uri that breaks off',
      (_request, response) => response.writeHead(200, { 'content-length': 50 }).write('{', () => response.destroy()),
    ],
  ];
  for (const [why, answer] of unusable) {
    it(why, async () => {
      handle = answer;
      expect(await fetcher(true)(`${base}/jwks`)).to.equal(undefined);
      expect(asked).to.equal(1);
    });
  }

  it('jwks_uri that is slow: it trickles in, and is given up in time', async () => {
    handle = (_request, response) => {
      const drip = setInterval(() => response.write(' '), 100);
      response.once('close', () => clearInterval(drip));
    };
    expect(await inTime(fetcher(true)(`${base}/jwks`))).to.equal(undefined);
  });

  it('jwks_uri that is slow: the time of its name servers counts', async () => {
    const resolve = () => new Promise<string[]>(() => undefined);
    const fetch = createFetchKeys({ private: true, report, resolve });
    expect(await inTime(fetch('http://keys.example'))).to.equal(undefined);
  });

  it('a report does not tell the query of an address', async () => {
    await fetcher(false)(`${base}/jwks?token=hush`);
    expect(reports.join()).to.not.include('hush');
  });
});

describe('jwks_uri: a client that authenticates by it', () => {
  let keys: Server;
  let published: JWK[];
  let isDown = false;
  let asked = 0;
  let pair: { privateKey: CryptoKey; jwk: JWK };
  let stop: () => Promise<void>;
  let send: (method: string, path: string, init: RequestInit) => Promise<Response>;
  let issuer: string;
  let ahead = 0;

  const made = async (kid: string) => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid } };
  };

  before(async () => {
    pair = await made('k1');
    published = [pair.jwk];
    keys = createServer((_request, response) => {
      asked += 1;
      response.writeHead(isDown ? 503 : 200).end(JSON.stringify({ keys: published }));
    }).listen(0, '127.0.0.1');
    await once(keys, 'listening');
    const database = await preparedDatabase();
    const config = readConfig({
      PORT: '0',
      DATABASE_URL: database.url,
      ROOT_CLIENT_SECRET: ROOT.secret,
      LOG_LEVEL: 'silent',
      JWKS_URI_PRIVATE: 'true',
    });
    const ports = { clock: () => Date.now() + ahead, random: randomBytes };
    const server = await startServer(config, { ports });
    issuer = server.url;
    send = (method, path, init) => fetch(`http://127.0.0.1:${server.port}${path}`, { method, ...init });
    const body = JSON.stringify({
      grant_types: ['client_credentials'],
      jwks_uri: `http://127.0.0.1:${(keys.address() as AddressInfo).port}/jwks`,
    });
    const authorization = `Basic ${Buffer.from(`${ROOT.id}:${ROOT.secret}`).toString('base64')}`;
    const headers = { authorization, 'content-type': 'application/json' };
    expect((await send('PUT', '/Client/remote', { headers, body })).status).to.equal(201);
    stop = async () => {
      keys.closeAllConnections();
      keys.close();
      await server.close();
      await database.drop();
    };
  });
  after(() => stop());
  beforeEach(() => {
    asked = 0;
  });

  const authenticate = async (by = pair) => {
    const exp = Math.floor((Date.now() + ahead) / 1000) + 60;
    const assertion = await new SignJWT({ iss: 'remote', sub: 'remote', aud: issuer, exp, jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: by.jwk.kid ?? '' })
      .sign(by.privateKey);
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: TYPE,
      client_assertion: assertion,
    });
    return (await send('POST', '/auth/token', { body })).status;
  };

  it('fetches the set once for many', async () => {
    expect(await Promise.all([authenticate(), authenticate(), authenticate()])).to.eql([200, 200, 200]);
    expect(asked).to.equal(1);
  });

  it('an unknown key makes it be fetched again, and not at will', async () => {
    const next = await made('k2');
    expect(await authenticate(next)).to.equal(401);
    expect(asked).to.equal(0);
    ahead += 61_000;
    published = [pair.jwk, next.jwk];
    expect(await authenticate(next)).to.equal(200);
    for (const _ of [1, 2, 3]) expect(await authenticate(await made('k3'))).to.equal(401);
    expect(asked).to.equal(1);
  });

  it('lockout as denial of service by an unknown key: what was fetched is good while its address is down', async () => {
    expect(await authenticate()).to.equal(200);
    [isDown, asked] = [true, 0];
    ahead += 61_000;
    expect(await authenticate(await made('k3'))).to.equal(401);
    expect(await authenticate(), 'what it gave before').to.equal(200);
    expect(asked).to.equal(1);
    ahead += 10 * 60_000;
    expect(await authenticate(), 'longer than that').to.equal(401);
    isDown = false;
    ahead += 61_000;
    expect(await authenticate()).to.equal(200);
  });

  it('a key that is no longer published is not taken for long', async () => {
    published = [(await made('k4')).jwk];
    expect(await authenticate()).to.equal(200);
    ahead += 11 * 60_000;
    expect(await authenticate()).to.equal(401);
  });

  it('a key that is no longer published is not taken for longer where the clock is set back', async () => {
    published = [pair.jwk];
    ahead += 11 * 60_000;
    expect(await authenticate()).to.equal(200);
    published = [(await made('k4')).jwk];
    ahead -= 11 * 60_000;
    expect(await authenticate()).to.equal(401);
  });

  it('a set of very many keys is not tried to its end', async () => {
    const others = await Promise.all(Array.from({ length: 20 }, () => made('k1')));
    ahead += 16 * 60_000;
    published = [...others.slice(1).map(({ jwk }) => jwk), pair.jwk];
    expect(await authenticate()).to.equal(200);
    ahead += 11 * 60_000;
    published = [...others.map(({ jwk }) => jwk), pair.jwk];
    expect(await authenticate()).to.equal(401);
    published = [pair.jwk];
    ahead += 11 * 60_000;
  });

  it('a published key that is broken is one that is not there, and fails like any other', async () => {
    published = [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'k1' }];
    ahead += 16 * 60_000;
    const statuses: number[] = [];
    for (let turn = 0; turn < 100; turn += 1) statuses.push(await authenticate());
    expect(new Set(statuses)).to.eql(new Set([401]));
    const stranger = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'x', client_secret: 'x' });
    expect((await send('POST', '/auth/token', { body: stranger })).status, 'the address').to.equal(429);
    ahead += 16 * 60_000;
  });

  it('a set that cannot be had does not lock the client out', async () => {
    published = [];
    ahead += 11 * 60_000;
    keys.close();
    keys.closeAllConnections();
    for (let at = 0; at < 12; at += 1) expect(await authenticate()).to.equal(401);
  });
});
