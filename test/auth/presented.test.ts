import { createHmac, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { exportJWK, exportSPKI, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose';
import { describe, it } from 'mocha';
import { importKey, type Keys, type SigningKey } from '../../auth/keys/keys.ts';
import { generateSigningKey } from '../../auth/keys/signing-keys.ts';
import { SIGNING_ALGS, type SigningAlg } from '../../auth/settings.ts';
import {
  randomPart,
  successorPart,
  type TokenClaims,
  type TokenUse,
  tokenHash,
  writeToken,
} from '../../auth/tokens/mint.ts';
import { createPresentedTokens, type PresentedTokens } from '../../auth/tokens/presented.ts';

const issuer = 'https://ward.example';
const NOW = 1_800_000_000;
let seconds = NOW;

interface OneKey extends Pick<Keys, 'find'> {
  signing: SigningKey;
}

async function keysOf(alg: SigningAlg): Promise<OneKey> {
  const jwk = await generateSigningKey(alg);
  const signing = await importKey({ kid: jwk.kid ?? '', alg, publishedAt: 0, signsFrom: 0, neededUntil: 0 }, jwk);
  return {
    signing,
    find: async (kid) => (kid === signing.kid ? signing : undefined),
  };
}

const CLAIMS: TokenClaims = {
  session: 's1',
  client: 'c1',
  user: undefined,
  scope: ['a', 'b'],
  audience: [issuer],
  issuedAt: NOW,
  expiresAt: NOW + 60,
};

function payloadOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

describe('tokens', () => {
  it('the opaque ones are 32 bytes, base64url', () => {
    const part = randomPart(randomBytes);
    expect(Buffer.from(part, 'base64url')).to.have.length(32);
    expect(part).to.match(/^[\w-]{43}$/);
  });

  it('a successor follows from what was presented, its generation and its use', () => {
    const key = randomBytes(32);
    const one = successorPart(key, 'access', 'presented', 1);
    expect(successorPart(key, 'access', 'presented', 1)).to.equal(one);
    const others = [
      successorPart(key, 'refresh', 'presented', 1),
      successorPart(key, 'access', 'presented', 2),
      successorPart(key, 'access', 'another', 1),
      successorPart(randomBytes(32), 'access', 'presented', 1),
    ];
    expect(new Set([one, ...others]).size).to.equal(5);
  });

  it('timing of unknown token: what is looked up is its digest, whose bytes nobody can choose', async () => {
    const presented = createPresentedTokens({ keys: await keysOf('ES256'), issuer, clock: () => NOW * 1000 });
    const token = randomPart(randomBytes);
    const near = `${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`;
    const hashes: string[] = [];
    for (const each of [token, near]) hashes.push((await presented.read(each, 'access'))?.hash ?? '');
    const [known = '', unknown = ''] = hashes;
    expect(known).to.have.length.above(40);
    expect(known.slice(0, 6), 'a near miss is as far away as any').to.not.equal(unknown.slice(0, 6));
    expect(known).to.not.include(token.slice(0, 6));
  });

  for (const alg of SIGNING_ALGS) {
    it(`JWTs signed with ${alg} have the claims of RFC 9068 and are read again`, async () => {
      const keys = await keysOf(alg);
      seconds = NOW;
      const presented = createPresentedTokens({ keys, issuer, clock: () => seconds * 1000 });
      const access = await writeToken({ key: keys.signing, issuer }, 'access', 'tid1', CLAIMS);
      const refresh = await writeToken({ key: keys.signing, issuer }, 'refresh', 'tid2', { ...CLAIMS, user: 'u1' });
      expect(payloadOf(access)).to.deep.equal({
        iss: issuer,
        sub: 'c1',
        client_id: 'c1',
        aud: issuer,
        iat: NOW,
        exp: NOW + 60,
        jti: 's1',
        scope: 'a b',
        tid: 'tid1',
      });
      expect(payloadOf(refresh)).to.deep.equal({
        iss: issuer,
        sub: 'c1',
        iat: NOW,
        jti: 's1',
        typ: 'refresh',
        tid: 'tid2',
      });
      expect(await presented.read(access, 'access')).to.include({
        format: 'jwt',
        part: 'tid1',
        hash: tokenHash('jwt', 'tid1'),
      });
      expect(await presented.read(refresh, 'refresh')).to.include({ part: 'tid2' });
      expect(await presented.read(access, 'refresh'), 'access token used as refresh token').to.equal(undefined);
      expect(await presented.read(refresh, 'access'), 'refresh token used as bearer').to.equal(undefined);
      seconds = NOW + 60;
      expect(await presented.read(access, 'access'), 'expired').to.equal(undefined);
    });
  }
});

describe('JWTs that are refused', () => {
  let keys: OneKey;
  let presented: PresentedTokens;

  before(async () => {
    keys = await keysOf('RS256');
  });

  beforeEach(() => {
    seconds = NOW;
    presented = createPresentedTokens({ keys, issuer, clock: () => seconds * 1000 });
  });

  const claims = { iss: issuer, sub: 'c1', client_id: 'c1', aud: issuer, iat: NOW, exp: NOW + 60, jti: 's1', tid: 't' };
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  function sign(header: Partial<JWTHeaderParameters>, changed: Record<string, unknown> = {}): Promise<string> {
    return new SignJWT({ ...claims, ...changed })
      .setProtectedHeader({ alg: 'RS256', kid: keys.signing.kid, typ: 'at+jwt', ...header })
      .sign(keys.signing.privateKey);
  }

  const read = (token: string, use: TokenUse = 'access') => presented.read(token, use);

  it('the same token, unchanged, is taken', async () => expect(await read(await sign({}))).to.include({ part: 't' }));

  it('alg: none', async () => {
    for (const alg of ['none', 'None', '']) {
      expect(await read(`${encode({ alg, typ: 'at+jwt', kid: keys.signing.kid })}.${encode(claims)}.`)).to.equal(
        undefined,
      );
    }
  });

  it('HS256 signed with the public key', async () => {
    const signed = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: keys.signing.kid })}.${encode(claims)}`;
    for (const key of [await exportSPKI(keys.signing.publicKey), JSON.stringify(keys.signing.publicJwk)]) {
      const mac = createHmac('sha256', key).update(signed).digest('base64url');
      expect(await read(`${signed}.${mac}`)).to.equal(undefined);
    }
  });

  it('embedded jwk, jku, x5u', async () => {
    const own = await generateKeyPair('RS256', { extractable: true });
    const jwk = await exportJWK(own.publicKey);
    for (const extra of [
      { jwk },
      { jku: 'https://evil.example/jwks' },
      { x5u: 'https://evil.example' },
      { x5c: ['MII'] },
    ]) {
      expect(await read(await sign(extra)), JSON.stringify(Object.keys(extra))).to.equal(undefined);
    }
    const forged = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: keys.signing.kid, jwk })
      .sign(own.privateKey);
    expect(await read(forged)).to.equal(undefined);
  });

  for (const kid of ['../../etc/passwd', "' OR 1=1 --", '', 'unknown']) {
    it(`kid with path or SQL: ${JSON.stringify(kid)}`, async () =>
      expect(await read(await sign({ kid }))).to.equal(undefined));
  }

  it('unknown crit', async () => {
    const header = { alg: 'RS256', typ: 'at+jwt', kid: keys.signing.kid, crit: ['x'], x: 1 };
    const jwt = new SignJWT(claims).setProtectedHeader(header);
    expect(await read(await jwt.sign(keys.signing.privateKey, { crit: { x: true } }))).to.equal(undefined);
  });

  it('wrong typ', async () => {
    for (const typ of ['JWT', 'jwt', 'id_token+jwt']) expect(await read(await sign({ typ })), typ).to.equal(undefined);
  });

  for (const [why, changed] of [
    ['wrong iss', { iss: 'https://evil.example' }],
    ['no exp', { exp: undefined }],
    ['an exp that has passed', { exp: NOW }],
    ['an exp that is no number', { exp: 'tomorrow' }],
    ['no tid', { tid: undefined }],
    ['a tid that is no string', { tid: ['t'] }],
    ['no jti', { jti: undefined }],
    ['an nbf to come', { nbf: NOW + 30 }],
  ] as const) {
    it(why, async () => expect(await read(await sign({}, changed))).to.equal(undefined));
  }

  it('verified-token cache collision: a token that differs in one character is verified anew', async () => {
    const token = await sign({});
    expect(await read(token)).to.not.equal(undefined);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const other = encode({ ...claims, sub: 'root' });
    expect(await read(`${header}.${other}.${signature}`)).to.equal(undefined);
    expect(await read(`${header}.${payload}.${signature.slice(0, -4)}AAAA`)).to.equal(undefined);
    expect(await read(`${token}x`)).to.equal(undefined);
  });

  for (const token of ['', 'short', 'a.b.c', '..', '{}', `${'a'.repeat(9_000)}`, `${'a'.repeat(43)}=`]) {
    it(`what is no token: ${JSON.stringify(token.slice(0, 20))}`, async () => {
      expect(await read(token)).to.equal(undefined);
      expect(await read(token, 'refresh')).to.equal(undefined);
    });
  }
});
