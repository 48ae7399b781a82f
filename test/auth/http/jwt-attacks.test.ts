/** JWTs that someone else made or changed, presented to the running server (RFC 8725). */
import { createHmac, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { expect } from 'chai';
import { decodeJwt, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { after, before, describe, it } from 'mocha';
import { openDatabase } from '../../../server/database/database.ts';
import { startClockedServer } from '../../harness/in-process.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { type Api, apiOf, refusal, startApi } from './api.ts';

const SECRET = 'app-secret';
const ENV = { SIGNING_ALG: 'RS256', AUDIENCE: 'https://ward.example' };
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const partsOf = (token: string) => token.split('.') as [string, string, string];
const headerOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(partsOf(token)[0], 'base64url').toString());

/** The private key of a server that is stopped. */
async function signingKeyIn(url: string): Promise<KeyObject> {
  const opened = await openDatabase(url);
  const [key] = await opened.queries.all<{ jwk: string }>('SELECT jwk FROM signing_key');
  await opened.close();
  return createPrivateKey({ key: JSON.parse(key?.jwk ?? ''), format: 'jwk' });
}

describe('JWT attacks', () => {
  let api: Api;
  let token: string;
  let refreshing: string;
  let publicJwk: Record<string, unknown>;
  let ownKey: KeyObject;
  let drop: () => Promise<void>;

  const login = (more = {}) =>
    api.granted({ grant_type: 'client_credentials', client_id: 'service', client_secret: SECRET, ...more });

  before(async () => {
    const database = await preparedDatabase();
    drop = database.drop;
    await (await startClockedServer(ENV, database)).stop();
    ownKey = await signingKeyIn(database.url);
    const server = await startClockedServer(ENV, database);
    api = apiOf(server, server.baseUrl);
    const auth = { client_credentials: { token_format: 'jwt', refresh_token: true } };
    await api.put('/Client/service', { secret: SECRET, grant_types: ['client_credentials'], auth });
    await api.put('/AccessPolicy/all', { engine: 'allow', link: [{ reference: 'Client/service' }] });
    const reply = await login();
    [token, refreshing] = [reply.string('access_token'), reply.string('refresh_token')];
    publicJwk = (await api.request('GET', '/.well-known/jwks.json')).at('keys.0') as Record<string, unknown>;
  });
  after(async () => {
    await api.stop();
    await drop();
  });

  const refused = async (forged: string) => {
    const reply = await api.request('GET', '/Patient', { as: { bearer: forged } });
    expect(reply.status, forged.slice(0, 80)).to.equal(401);
    expect(reply.header('www-authenticate')).to.include('error="invalid_token"');
    const form = { token: forged, client_id: 'service', client_secret: SECRET };
    expect((await api.request('POST', '/auth/introspect', { form })).body).to.eql({ active: false });
  };
  /** The token with other claims or another header, and the signature it had. */
  const changed = (header: object, claims: object = {}) => {
    const signature = partsOf(token)[2];
    return `${part({ ...headerOf(token), ...header })}.${part({ ...decodeJwt(token), ...claims })}.${signature}`;
  };
  /** As `changed`, and signed by the server's own key: nothing but what was changed can be held against it. */
  const signed = (header: object, claims: object = {}) => {
    const input = changed(header, claims).split('.').slice(0, 2).join('.');
    return `${input}.${sign('sha256', Buffer.from(input), ownKey).toString('base64url')}`;
  };

  it('the token itself is good, before and after all of these', async () => {
    expect(await api.statusWith(token)).to.equal(200);
    expect(await api.statusWith(signed({ x: 1 }))).to.equal(200);
  });

  it('RFC 9068 §4: alg: none', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
      const [header, payload] = partsOf(changed({ alg }));
      await refused(`${header}.${payload}.`);
      await refused(changed({ alg }));
    }
    await refused(`${partsOf(token)[0]}.${partsOf(token)[1]}.`);
  });

  it('RFC 9068 §2.1: HS256 signed with the public key', async () => {
    const { createPublicKey } = await import('node:crypto');
    const pem = createPublicKey({ key: publicJwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const [header, payload] = partsOf(changed({ alg: 'HS256' }));
    for (const key of [pem, JSON.stringify(publicJwk), String(publicJwk['n']), '']) {
      const mac = createHmac('sha256', key).update(`${header}.${payload}`).digest('base64url');
      await refused(`${header}.${payload}.${mac}`);
    }
  });

  it('embedded jwk, jku, x5u: a key of the sender', async () => {
    const own = await generateKeyPair('RS256', { extractable: true });
    const jwk = await exportJWK(own.publicKey);
    const kid = String(publicJwk['kid']);
    for (const extra of [{ jwk }, { jku: 'https://evil.example/jwks' }, { x5u: 'https://evil.example/x' }, {}]) {
      for (const [id, claims] of [
        [kid, decodeJwt(token)],
        ['own', decodeJwt(token)],
      ] as const) {
        const forged = await new SignJWT(claims as JWTPayload)
          .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: id, ...extra })
          .sign(own.privateKey);
        await refused(forged);
      }
      if (Object.keys(extra).length === 0) continue;
      await refused(changed(extra));
      await refused(signed(extra));
    }
  });

  it('kid with path or SQL', async () => {
    for (const kid of [
      '../../../dev/null',
      "' OR '1'='1",
      "x' UNION SELECT jwk FROM signing_key --",
      '',
      '__proto__',
      null,
      5,
      ['a'],
    ]) {
      await refused(changed({ kid }));
      await refused(signed({ kid }));
    }
  });

  it('RFC 9068 §4: unknown crit', async () => {
    await refused(changed({ crit: ['exp'] }));
    await refused(changed({ crit: [] }));
    await refused(changed({ crit: ['b64'], b64: false }));
    for (const header of [
      { crit: ['x'], x: 1 },
      { crit: ['exp'], exp: 4e9 },
      { crit: ['b64'], b64: true },
    ]) {
      await refused(signed(header));
    }
  });

  it('RFC 6749 §10.3, RFC 6750 §5.2, RFC 9068 §4: wrong typ, iss, aud: changed claims do not verify', async () => {
    await refused(changed({ typ: 'JWT' }));
    await refused(changed({ typ: undefined }));
    for (const typ of ['JWT', 'id_token+jwt', undefined]) await refused(signed({ typ }));
    expect(await api.statusWith(signed({ typ: 'application/at+jwt' }))).to.equal(200);
    await refused(signed({}, { iss: 'https://evil.example' }));
    for (const claims of [
      { iss: 'https://evil.example' },
      { aud: 'x' },
      { sub: 'root' },
      { client_id: 'root' },
      { exp: 4e9 },
      { jti: 'x' },
    ]) {
      await refused(changed({}, claims));
    }
  });

  it('RFC 9068 §4, RFC 9700 §4.10.2: wrong aud: a token that we made for others is not for us', async () => {
    const reply = await login({ audience: 'https://other.example' });
    const answer = await api.request('GET', '/Patient', { as: { bearer: reply.string('access_token') } });
    expect(answer.status).to.equal(401);
    expect(await api.statusWith((await login({ audience: 'https://ward.example' })).string('access_token'))).to.equal(
      200,
    );
  });

  it('RFC 9068 §4: wrong iss: the token of another server is none of ours', async () => {
    const other = await startApi({ SIGNING_ALG: 'RS256' });
    const auth = { client_credentials: { token_format: 'jwt' } };
    await other.put('/Client/service', { secret: SECRET, grant_types: ['client_credentials'], auth });
    const reply = await other.granted({
      grant_type: 'client_credentials',
      client_id: 'service',
      client_secret: SECRET,
      audience: api.issuer,
    });
    await refused(reply.string('access_token'));
    await other.stop();
  });

  it('verified-token cache collision: what shares a part of a good token is verified anew', async () => {
    expect(await api.statusWith(token)).to.equal(200);
    const [header, payload, signature] = partsOf(token);
    await refused(`${header}.${part({ ...decodeJwt(token), sub: 'root' })}.${signature}`);
    await refused(`${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`);
    await refused(`${header}.${payload}.${signature.slice(0, -1)}${signature.endsWith('A') ? 'Q' : 'A'}`);
    await refused(`${header}.${payload}.`);
    await refused(`${part({ ...headerOf(token), x: 1 })}.${payload}.${signature}`);
    await refused(`${token}.`);
    await refused(`${token}A`);
    expect(await api.statusWith(token)).to.equal(200);
  });

  it('the secret part of a JWT is no token by itself', async () => {
    await refused(String(decodeJwt(token)['tid']));
    const form = { grant_type: 'refresh_token', client_id: 'service', client_secret: SECRET };
    const reply = await api.token({ ...form, refresh_token: String(decodeJwt(refreshing)['tid']) });
    expect(refusal(reply)).to.equal('400 invalid_grant');
  });

  it('RFC 9700 §4.14.2: a refresh token that was changed is none', async () => {
    const [header, payload, signature] = partsOf((await login()).string('refresh_token'));
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const none = { ...headerOf(refreshing), alg: 'none' };
    const form = { grant_type: 'refresh_token', client_id: 'service', client_secret: SECRET };
    for (const refresh_token of [
      `${header}.${part({ ...claims, jti: decodeJwt(refreshing).jti })}.${signature}`,
      `${header}.${part({ ...claims, x: 1 })}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`,
      `${part(none)}.${payload}.`,
      `${header}.${payload}.`,
    ]) {
      expect(refusal(await api.token({ ...form, refresh_token })), refresh_token).to.equal('400 invalid_grant');
    }
    await api.granted({ ...form, refresh_token: `${header}.${payload}.${signature}` });
  });

  it('refresh token used as bearer, access token used as refresh token', async () => {
    const bearer = await api.request('GET', '/Patient', { as: { bearer: refreshing } });
    expect(bearer.status).to.equal(401);
    const form = { grant_type: 'refresh_token', client_id: 'service', client_secret: SECRET, refresh_token: token };
    expect(refusal(await api.token(form))).to.equal('400 invalid_grant');
  });

  it('an old JWT after a refresh: its signature is good and its Session lives, but it is not current', async () => {
    const first = await login();
    const form = {
      grant_type: 'refresh_token',
      client_id: 'service',
      client_secret: SECRET,
      refresh_token: first.string('refresh_token'),
    };
    await api.granted(form);
    expect(await api.statusWith(first.string('access_token'))).to.equal(401);
  });

  it('a valid JWT after DELETE /Session', async () => {
    const bearer = (await login()).string('access_token');
    expect(await api.statusWith(bearer)).to.equal(200);
    expect((await api.request('DELETE', '/Session', { as: { bearer } })).status).to.equal(204);
    await refused(bearer);
  });

  it('Authorization in other shapes is no way in', async () => {
    for (const authorization of [
      `bearer  ${token} x`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer`,
      `Bearer `,
      token,
      `Token ${token}`,
      `Bearer "${token}"`,
    ]) {
      const reply = await api.request('GET', '/Patient', { headers: { authorization } });
      expect(reply.status, authorization.slice(0, 20)).to.equal(401);
    }
    expect((await api.request('GET', '/Patient', { headers: { authorization: `bEaReR ${token}` } })).status).to.equal(
      200,
    );
    expect((await api.request('GET', `/Patient?access_token=${token}`)).status).to.be.oneOf([400, 401]);
  });
});
