/** The keys that a Client may have: a mistake is told where the Client is written. */
import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

describe('the keys of a Client', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
  const put = (json: object) => api.request('PUT', '/Client/keyed', { as: asRoot, json });

  const rows: [why: string, client: () => object][] = [
    ['no set', () => ({ jwks: jwk })],
    ['an empty set', () => ({ jwks: { keys: [] } })],
    ['a private key, which whoever reads the Client would read', () => ({ jwks: { keys: [{ ...jwk, d: 'x' }] } })],
    ['a shared secret', () => ({ jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } })],
    ['an RSA key that is too short', () => ({ jwks: { keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] } })],
    ['coordinates that are no point', () => ({ jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }] } })],
    ['credentials in jwks_uri', () => ({ jwks_uri: 'https://a:b@keys.example/jwks' })],
    ['a jwks_uri by plain http', () => ({ jwks_uri: 'http://keys.example/jwks' })],
    ['a private jwks_uri', () => ({ jwks_uri: 'https://10.1.2.3/jwks' })],
    ['a private jwks_uri as a number', () => ({ jwks_uri: 'https://2130706433/jwks' })],
    ['a private jwks_uri of IPv6', () => ({ jwks_uri: 'https://[fd00::1]/jwks' })],
    ['a jwks_uri at localhost', () => ({ jwks_uri: 'https://localhost/jwks' })],
    ['a jwks_uri of another scheme', () => ({ jwks_uri: 'file:///etc/passwd' })],
  ];
  for (const [why, client] of rows) {
    it(`are refused with 422: ${why}`, async () => expect((await put(client())).status).to.equal(422));
  }

  it('may be at a jwks_uri on the public internet', async () => {
    for (const host of ['keys.example', '8.8.8.8', '[2606:4700:4700::1111]']) {
      expect((await put({ jwks_uri: `https://${host}/jwks` })).status, host).to.be.oneOf([200, 201]);
    }
  });

  it('are each imported when they are written: the one that is broken is named', async () => {
    const broken = [
      { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' },
      { ...jwk, x: jwk.y },
      { kty: 'EC', crv: 'P-999', x: 'AA', y: 'AA' },
      { kty: 'OKP', crv: 'Ed25519', x: 'AA' },
    ];
    for (const key of broken) {
      const reply = await put({ jwks: { keys: [jwk, key] } });
      expect([reply.status, reply.list('issue').length, reply.at('issue.0.expression.0')]).to.eql([
        422,
        1,
        'Client.jwks.keys[1]',
      ]);
    }
  });
});
