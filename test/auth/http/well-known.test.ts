/** RFC 8414, RFC 7517 §5 and SMART's configuration: what is told is what is served. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

describe('the well-known documents', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  const document = (name: string, base = '') => api.request('GET', `${base}/.well-known/${name}`);
  const METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'];
  const ALGS = ['RS256', 'RS384', 'ES256', 'ES384'];

  const SMART = ['patient', 'user', 'system'].flatMap((of) => [`${of}/*.cruds`, `${of}/*.read`, `${of}/*.write`]);
  const SCOPES = ['openid', 'profile', 'email', 'fhirUser', 'launch/patient', 'offline_access', ...SMART];

  it('RFC 8414 §2, §3.2: oauth-authorization-server', async () => {
    const reply = await document('oauth-authorization-server');
    expect(reply.status).to.equal(200);
    expect(reply.body).to.eql({
      issuer: api.issuer,
      authorization_endpoint: `${api.issuer}/auth/authorize`,
      scopes_supported: SCOPES,
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      token_endpoint: `${api.issuer}/auth/token`,
      token_endpoint_auth_methods_supported: [...METHODS, 'none'],
      token_endpoint_auth_signing_alg_values_supported: ALGS,
      revocation_endpoint: `${api.issuer}/auth/revoke`,
      revocation_endpoint_auth_methods_supported: [...METHODS, 'none'],
      revocation_endpoint_auth_signing_alg_values_supported: ALGS,
      introspection_endpoint: `${api.issuer}/auth/introspect`,
      introspection_endpoint_auth_methods_supported: METHODS,
      introspection_endpoint_auth_signing_alg_values_supported: ALGS,
      userinfo_endpoint: `${api.issuer}/auth/userinfo`,
      jwks_uri: `${api.issuer}/.well-known/jwks.json`,
      grant_types_supported: ['authorization_code', 'client_credentials', 'password', 'refresh_token'],
    });
  });

  it('RFC 9068 §4: openid-configuration: that, and what OpenID Connect Discovery §3 adds for a provider', async () => {
    const reply = await document('openid-configuration');
    expect(reply.body).to.deep.include((await document('oauth-authorization-server')).body as object);
    expect(reply.body).to.deep.include({
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      request_parameter_supported: false,
      request_uri_parameter_supported: false,
      claims_parameter_supported: false,
      prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    });
    expect(reply.list('claims_supported')).to.include.members(['sub', 'auth_time', 'at_hash', 'given_name', 'email']);
  });

  it('RFC 8414 §2: every endpoint that is told is there', async () => {
    const body = (await document('oauth-authorization-server')).body as Record<string, unknown>;
    const told = Object.entries(body).filter(([name]) => /_endpoint$|_uri$/.test(name));
    expect(told).to.have.length(6);
    for (const [name, url] of told) {
      const { pathname } = new URL(String(url));
      const reply = await api.request(name === 'jwks_uri' ? 'GET' : 'POST', pathname);
      expect(reply.status, name).to.be.oneOf([200, 303, 400, 401]);
    }
  });

  it('smart-configuration stands under /fhir too, where SMART clients look for it', async () => {
    for (const base of ['', '/fhir']) {
      const reply = await document('smart-configuration', base);
      expect(reply.status).to.equal(200);
      expect(reply.body).to.include({ token_endpoint: `${api.issuer}/auth/token`, issuer: api.issuer });
      expect(reply.at('token_endpoint_auth_methods_supported')).to.include('private_key_jwt');
      expect(reply.at('token_endpoint_auth_signing_alg_values_supported')).to.include.members(['RS384', 'ES384']);
      expect(reply.at('authorization_endpoint')).to.equal(`${api.issuer}/auth/authorize`);
      expect(reply.at('code_challenge_methods_supported')).to.eql(['S256']);
      expect(reply.list('capabilities')).to.include.members([
        'launch-standalone',
        'client-public',
        'client-confidential-symmetric',
        'client-confidential-asymmetric',
        'context-standalone-patient',
        'permission-patient',
        'permission-v1',
        'permission-v2',
        'sso-openid-connect',
      ]);
      expect(reply.list('capabilities').join(' ')).to.not.match(/launch-ehr|context-ehr|permission-online/);
      expect(reply.at('scopes_supported')).to.eql(SCOPES);
    }
  });

  it('RFC 8414 §3: the FHIR base is no issuer: nothing else stands under /fhir', async () => {
    for (const name of ['openid-configuration', 'oauth-authorization-server', 'jwks.json']) {
      for (const method of ['GET', 'POST']) {
        const reply = await api.request(method, `/fhir/.well-known/${name}`);
        expect([reply.status, reply.at('resourceType')], `${method} ${name}`).to.eql([404, 'OperationOutcome']);
      }
      expect((await document(name)).status).to.equal(200);
    }
  });

  it('jwks.json holds public keys alone', async () => {
    const reply = await document('jwks.json');
    expect(reply.list('keys')).to.have.length(1);
    expect(Object.keys(reply.at('keys.0') as object).sort()).to.eql(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  it('may be kept for a while, unlike all else', async () => {
    for (const name of ['jwks.json', 'oauth-authorization-server', 'smart-configuration']) {
      expect((await document(name)).header('cache-control')).to.equal('public, max-age=300');
    }
  });

  it('needs no credentials, and is not stopped by bad ones', async () => {
    const reply = await api.request('GET', '/.well-known/jwks.json', { as: { bearer: 'bad' } });
    expect(reply.status).to.equal(200);
  });

  it('RFC 8414 §3.1: a BASE_URL with a path gets a location of its own as well', async () => {
    const other = await startApi({ BASE_URL: 'https://ward.example/tenant' });
    const reply = await other.request('GET', '/.well-known/oauth-authorization-server/tenant');
    expect(reply.at('issuer')).to.equal('https://ward.example/tenant');
    expect(reply.at('token_endpoint')).to.equal('https://ward.example/tenant/auth/token');
    await other.stop();
  });

  it('RFC 7009 §2: an https BASE_URL is told alone, and revocation done without TLS, too', async () => {
    const other = await startApi({ BASE_URL: 'https://ward.example' });
    const reply = await other.request('GET', '/.well-known/oauth-authorization-server');
    expect(reply.at('revocation_endpoint')).to.equal('https://ward.example/auth/revoke');
    expect(reply.text).to.not.include('http:');
    const bearer = (await other.granted({ grant_type: 'client_credentials' }, { as: asRoot })).string('access_token');
    expect((await other.request('POST', '/auth/revoke', { as: asRoot, form: { token: bearer } })).status).to.equal(200);
    expect(await other.statusWith(bearer)).to.equal(401);
    await other.stop();
  });

  it('what is not there is 404', async () => {
    expect((await document('nothing')).status).to.equal(404);
  });
});
