import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { after, before, describe, it } from 'mocha';
import { type Api, refusal, startApi } from './api.ts';

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

interface Pair {
  alg: string;
  privateKey: CryptoKey;
  jwk: JWK;
}

async function pairOf(alg: string, kid: string): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid } };
}

describe('private_key_jwt (RFC 7523)', () => {
  let api: Api;
  let es256: Pair;
  let rs256: Pair;
  let rs384: Pair;
  let es384: Pair;
  let foreign: Pair;
  let now: number;

  before(async () => {
    [es256, rs256, rs384, es384, foreign] = await Promise.all([
      pairOf('ES256', 'k1'),
      pairOf('RS256', 'k2'),
      pairOf('RS384', 'k4'),
      pairOf('ES384', 'k3'),
      pairOf('ES256', 'k1'),
    ]);
    api = await startApi();
    const keys = [es256.jwk, rs256.jwk, rs384.jwk, es384.jwk];
    const backend = { grant_types: ['client_credentials'], jwks: { keys } };
    await api.put('/Client/backend', backend);
    await api.put('/Client/other', backend);
    await api.put('/Client/bare', { grant_types: ['client_credentials'], secret: 'bare-secret' });
    await api.put('/Client/off', { ...backend, active: false });
    await api.put('/Client/rotating', {
      grant_types: ['client_credentials'],
      jwks: { keys },
      auth: { client_credentials: { refresh_token: true } },
    });
  });
  after(() => api.stop());

  const assertion = async (claims: object = {}, header: Partial<JWTHeaderParameters> = {}, pair = es256) => {
    now = Math.floor(api.now() / 1000);
    const all = { iss: 'backend', sub: 'backend', aud: api.issuer, exp: now + 60, jti: randomUUID(), ...claims };
    const { alg, privateKey, jwk } = pair;
    return new SignJWT(all)
      .setProtectedHeader({ alg, ...(jwk.kid === undefined ? {} : { kid: jwk.kid }), ...header })
      .sign(privateKey, { crit: { x: true } });
  };
  const form = (text: string, more = {}) => ({
    grant_type: 'client_credentials',
    client_assertion_type: TYPE,
    client_assertion: text,
    ...more,
  });
  const send = async (text: string, more = {}) => api.token(form(text, more));

  describe('is taken', () => {
    const accepted: [why: string, make: () => Promise<string>, more?: object][] = [
      ['signed by ES256', () => assertion()],
      ['signed by RS256, as RFC 7523 §5 has all be', () => assertion({}, {}, rs256)],
      ['signed by RS384', () => assertion({}, {}, rs384)],
      ['signed by ES384', () => assertion({}, {}, es384)],
      ['meant for the token URL', () => assertion({ aud: `${api.issuer}/auth/token` })],
      ['without a kid', () => assertion({}, { kid: undefined } as never)],
      ['with the type JWT', () => assertion({}, { typ: 'JWT' })],
      ['with that type in full (RFC 7515 §4.1.9)', () => assertion({}, { typ: 'application/jwt' })],
      ['good for five minutes', () => assertion({ exp: Math.floor(api.now() / 1000) + 299 })],
      ['beside a client_id that agrees', () => assertion(), { client_id: 'backend' }],
    ];
    for (const [why, make, more] of accepted) {
      it(`RFC 7523 §2.2, §3: ${why}`, async () => {
        const reply = await send(await make(), more);
        expect(reply.status, reply.text).to.equal(200);
        expect(reply.body).to.include({ token_type: 'Bearer', expires_in: 3600 });
      });
    }

    it('RFC 7515 §4.1.4: without a kid, by any of the keys that fit', async () => {
      const client = { grant_types: ['client_credentials'], jwks: { keys: [foreign.jwk, es256.jwk, es384.jwk] } };
      await api.put('/Client/two', client);
      const own = { iss: 'two', sub: 'two' };
      const unnamed = { kid: undefined } as never;
      for (const pair of [foreign, es256]) {
        const reply = await send(await assertion(own, unnamed, pair));
        expect(reply.status, reply.text).to.equal(200);
      }
      const stranger = await pairOf('ES256', 'k1');
      expect(refusal(await send(await assertion(own, unnamed, stranger)))).to.equal('401 invalid_client');
      expect(refusal(await send(await assertion({ ...own, aud: 'x' }, unnamed)))).to.equal('401 invalid_client');
    });

    it('where a client asks what its token is, and where it ends it', async () => {
      const { client_assertion_type, client_assertion } = form(await assertion());
      const bearer = (await send(await assertion())).string('access_token');
      const asked = { client_assertion_type, client_assertion, token: bearer };
      const told = await api.request('POST', '/auth/introspect', { form: asked });
      expect(told.body).to.include({ active: true, client_id: 'backend' });
      const ending = { ...asked, client_assertion: await assertion() };
      expect((await api.request('POST', '/auth/revoke', { form: ending })).status).to.equal(200);
      expect(await api.statusWith(bearer)).to.equal(401);
    });

    it('to refresh, and the refresh token is kept, since the client has proven who it is', async () => {
      const own = { iss: 'rotating', sub: 'rotating' };
      const refresh_token = (await send(await assertion(own))).string('refresh_token');
      const grant = { grant_type: 'refresh_token', refresh_token };
      const reply = await send(await assertion(own), grant);
      expect(reply.string('refresh_token')).to.equal(refresh_token);
      expect(refusal(await api.token({ ...grant, client_id: 'rotating' }))).to.equal('401 invalid_client');
    });
  });

  describe('is refused', () => {
    const spoiled = async () => {
      const [header = '', payload = '', signature = ''] = (await assertion()).split('.');
      return `${header}.${payload}.${signature.slice(0, -4)}AAAA`;
    };
    const rows: [why: string, make: () => Promise<string>][] = [
      ['aud array in an assertion', () => assertion({ aud: [api.issuer] })],
      ['aud of another server', () => assertion({ aud: 'https://other.example' })],
      ['aud of another endpoint', () => assertion({ aud: `${api.issuer}/auth/introspect` })],
      ['aud with a slash more', () => assertion({ aud: `${api.issuer}/` })],
      ['no aud', () => assertion({ aud: undefined })],
      ['iss of another', () => assertion({ iss: 'other' })],
      ['an iss that is a list', () => assertion({ iss: ['backend'] })],
      ['no iss', () => assertion({ iss: undefined })],
      ['sub of another: authenticate as A with the key of B', () => assertion({ iss: 'bare', sub: 'bare' })],
      ['an unknown client', () => assertion({ iss: 'nobody', sub: 'nobody' })],
      ['a client that is switched off', () => assertion({ iss: 'off', sub: 'off' })],
      ['no sub', () => assertion({ sub: undefined })],
      ['a sub that is no text', () => assertion({ sub: { id: 'backend' } })],
      ['no exp', () => assertion({ exp: undefined })],
      ['an exp that is text', () => assertion({ exp: String(Math.floor(api.now() / 1000) + 60) })],
      ['an exp that has passed', () => assertion({ exp: Math.floor(api.now() / 1000) - 1 })],
      ['an exp beyond five minutes', () => assertion({ exp: Math.floor(api.now() / 1000) + 400 })],
      ['an nbf to come', () => assertion({ nbf: Math.floor(api.now() / 1000) + 60 })],
      ['an iat to come', () => assertion({ iat: Math.floor(api.now() / 1000) + 60 })],
      ['no jti', () => assertion({ jti: undefined })],
      ['an empty jti', () => assertion({ jti: '' })],
      ['a jti that is no text', () => assertion({ jti: 5 })],
      ['a key of someone else', () => assertion({}, {}, foreign)],
      ['a kid that is not in the set', () => assertion({}, { kid: 'k9' })],
      ['a kid with path or SQL', () => assertion({}, { kid: "../k1' OR 1=1 --" })],
      ['embedded jwk', () => assertion({}, { jwk: foreign.jwk }, foreign)],
      ['embedded jku', () => assertion({}, { jku: 'https://evil.example/jwks' })],
      ['embedded x5u', () => assertion({}, { x5u: 'https://evil.example/x' })],
      ['embedded x5c', () => assertion({}, { x5c: ['eA=='] })],
      ['unknown crit', () => assertion({}, { crit: ['x'], x: 1 })],
      ['crit of an extension that is none of JWTs', () => assertion({}, { crit: ['b64'], b64: true })],
      ['the type of an access token', () => assertion({}, { typ: 'at+jwt' })],
      ['a signature that is not it', spoiled],
      ['text that is no JWT', async () => 'x.y.z'],
      ['more than one JWT (RFC 7523 §2.2)', async () => `${await assertion()} ${await assertion()}`],
    ];
    for (const [at, [why, make]] of rows.entries()) {
      it(`RFC 7523 §3, RFC 7523 §3.2: ${why}`, async () => {
        // Failures of one address count together; these are not about that.
        if (at % 8 === 7) api.pass(16 * 60);
        const reply = await send(await make());
        expect(refusal(reply)).to.equal('401 invalid_client');
        expect(reply.header('www-authenticate')).to.match(/^Basic /);
        expect(reply.at('error_description')).to.equal('Client authentication failed.');
      });
    }

    it('RFC 7523 §3: alg: none, HS256 signed with the public key', async () => {
      api.pass(16 * 60);
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const claims = { iss: 'backend', sub: 'backend', aud: api.issuer, exp: api.now() / 1000 + 60, jti: 'none' };
      for (const text of [`${part({ alg: 'none' })}.${part(claims)}.`, await hs256(claims)]) {
        expect(refusal(await send(text))).to.equal('401 invalid_client');
      }
    });

    it('RFC 8414 §2: an algorithm that the metadata does not list', async () => {
      api.pass(16 * 60);
      const others = ['RS512', 'PS256', 'ES512', 'EdDSA'];
      const pairs = await Promise.all(others.map((alg) => pairOf(alg, alg)));
      const keys = [...pairs, es256].map(({ jwk }) => jwk);
      await api.put('/Client/modern', { grant_types: ['client_credentials'], jwks: { keys } });
      const own = { iss: 'modern', sub: 'modern' };
      for (const pair of pairs) {
        expect(refusal(await send(await assertion(own, {}, pair))), pair.alg).to.equal('401 invalid_client');
      }
      expect((await send(await assertion(own))).status).to.equal(200);
    });

    const hs256 = (claims: object) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'HS256', kid: 'k2' })
        .sign(new TextEncoder().encode(JSON.stringify(rs256.jwk)));

    const malformed: [why: string, more: object, expected: string][] = [
      ['another client_assertion_type', { client_assertion_type: 'saml' }, '400 invalid_request'],
      ['no client_assertion_type', { client_assertion_type: '' }, '400 invalid_request'],
      ['no client_assertion', { client_assertion: '' }, '400 invalid_request'],
      ['a client_id that does not agree', { client_id: 'other' }, '400 invalid_request'],
      ['a secret beside it', { client_id: 'backend', client_secret: 'x' }, '400 invalid_request'],
    ];
    for (const [why, more, expected] of malformed) {
      it(`RFC 7523 §2.2: ${why}`, async () => expect(refusal(await send(await assertion(), more))).to.equal(expected));
    }
  });

  describe('is used once', () => {
    it('RFC 7523 §3: assertion jti replay', async () => {
      api.pass(16 * 60);
      const text = await assertion();
      expect((await send(text)).status).to.equal(200);
      expect(refusal(await send(text))).to.equal('401 invalid_client');
      const again = await assertion({ jti: 'the-same' });
      expect((await send(again)).status).to.equal(200);
      expect(refusal(await send(await assertion({ jti: 'the-same' })))).to.equal('401 invalid_client');
    });

    it('of many at once one is taken', async () => {
      const text = await assertion();
      const replies = await Promise.all(Array.from({ length: 8 }, () => send(text)));
      expect(replies.filter(({ status }) => status === 200)).to.have.length(1);
    });

    it('the jti of another client is another', async () => {
      api.pass(16 * 60);
      for (const id of ['backend', 'other']) {
        expect((await send(await assertion({ iss: id, sub: id, jti: 'shared' }))).status).to.equal(200);
      }
    });

    it('jti burned before the signature is checked: whoever knows a jti cannot spend it', async () => {
      const jti = randomUUID();
      expect(refusal(await send(await assertion({ jti }, {}, foreign)))).to.equal('401 invalid_client');
      expect((await send(await assertion({ jti }))).status).to.equal(200);
    });

    it('lockout as denial of service by assertions: they count for the address alone', async () => {
      api.pass(16 * 60);
      const statuses: number[] = [];
      for (let turn = 0; turn < 99; turn += 1) statuses.push((await send(await assertion({}, {}, foreign))).status);
      expect(new Set(statuses)).to.eql(new Set([401]));
      expect((await send(await assertion())).status).to.equal(200);
      const own = { iss: 'other', sub: 'other' };
      expect((await send(await assertion({ ...own, aud: 'x' }, {}, foreign))).status).to.equal(401);
      const stranger = { iss: 'bare', sub: 'bare' };
      expect(refusal(await send(await assertion(stranger))), 'the address').to.equal('429 too_many_requests');
      expect((await send(await assertion())).status, 'known from here').to.equal(200);
      api.pass(16 * 60);
    });

    it('lockout as denial of service: guesses at a secret do not lock the key out', async () => {
      for (let turn = 0; turn < 11; turn += 1) {
        await api.token({ grant_type: 'client_credentials', client_id: 'backend', client_secret: `guess-${turn}` });
      }
      expect((await send(await assertion())).status).to.equal(200);
      api.pass(16 * 60);
    });

    it('a jti may come again once its assertion has expired', async () => {
      expect((await send(await assertion({ jti: 'later' }))).status).to.equal(200);
      api.pass(120);
      expect((await send(await assertion({ jti: 'later' }))).status).to.equal(200);
    });
  });

  it('the keys of a Client hold from the next request on', async () => {
    await api.put('/Client/keyed', { grant_types: ['client_credentials'], jwks: { keys: [es256.jwk] } });
    const own = { iss: 'keyed', sub: 'keyed' };
    expect((await send(await assertion(own))).status).to.equal(200);
    await api.put('/Client/keyed', { grant_types: ['client_credentials'], jwks: { keys: [foreign.jwk] } });
    expect(refusal(await send(await assertion(own)))).to.equal('401 invalid_client');
    expect((await send(await assertion(own, {}, foreign))).status).to.equal(200);
  });
});
