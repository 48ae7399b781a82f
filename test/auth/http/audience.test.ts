import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { after, before, describe, it } from 'mocha';
import { type Api, refusal, startApi } from './api.ts';

const THEIRS = 'https://other.example/api';
const ALSO_OURS = 'https://ward.example/fhir-api';
const SECRET = 'app-secret';

describe('audience and resource (RFC 8707)', () => {
  let api: Api;
  before(async () => {
    api = await startApi({ AUDIENCE: ALSO_OURS });
    const client = (own: object = {}, more: object = {}) => ({
      secret: SECRET,
      grant_types: ['client_credentials'],
      auth: { client_credentials: { token_format: 'jwt', ...own } },
      ...more,
    });
    await api.put('/Client/open', client());
    await api.put('/Client/opaque', client({ token_format: undefined, secret_required: true }));
    await api.put('/Client/bounded', client({ audience: [THEIRS, 'https://second.example'] }));
    await api.put('/Client/scoped', client({}, { scope: ['read'] }));
    const clients = ['open', 'opaque', 'bounded', 'scoped'];
    await api.put('/AccessPolicy/all', {
      engine: 'allow',
      link: clients.map((id) => ({ resourceType: 'Client', id })),
    });
  });
  after(() => api.stop());

  const ask = (client: string, more: string) =>
    api.token(`grant_type=client_credentials&client_id=${client}&client_secret=${SECRET}${more}`);
  const audienceOf = (token: string) => decodeJwt(token).aud;

  const given: [why: string, client: string, more: () => string, audience: () => unknown, here: number][] = [
    ['none asked: this server', 'open', () => '', () => api.issuer, 200],
    ['this server by audience', 'open', () => `&audience=${api.issuer}`, () => api.issuer, 200],
    ['its FHIR base', 'open', () => `&audience=${api.issuer}/fhir`, () => `${api.issuer}/fhir`, 200],
    ['with a slash at its end', 'open', () => `&resource=${api.issuer}/`, () => `${api.issuer}/`, 200],
    ['one of AUDIENCE', 'open', () => `&audience=${ALSO_OURS}`, () => ALSO_OURS, 200],
    ['another server: the token is refused here', 'open', () => `&audience=${THEIRS}`, () => THEIRS, 401],
    ['another server by resource', 'open', () => `&resource=${THEIRS}`, () => THEIRS, 401],
    [
      'several, one of them ours',
      'open',
      () => `&audience=${THEIRS}&resource=${api.issuer}`,
      () => [THEIRS, api.issuer],
      200,
    ],
    ['a resource with a query', 'open', () => `&resource=${THEIRS}?a=%2525`, () => `${THEIRS}?a=%25`, 401],
    ['several of each', 'open', () => `&audience=x&audience=y&resource=${THEIRS}`, () => ['x', 'y', THEIRS], 401],
    ['the same twice', 'open', () => `&audience=${THEIRS}&resource=${THEIRS}`, () => THEIRS, 401],
    ['the default of the Client', 'bounded', () => '', () => THEIRS, 401],
    [
      'within the bounds of the Client',
      'bounded',
      () => '&audience=https://second.example',
      () => 'https://second.example',
      401,
    ],
  ];
  for (const [why, client, more, audience, here] of given) {
    it(`RFC 8707 §2, RFC 8707 §2.2, RFC 9068 §3: gives ${why}`, async () => {
      const reply = await ask(client, more());
      expect(reply.status, reply.text).to.equal(200);
      expect(audienceOf(reply.string('access_token'))).to.eql(audience());
      expect(await api.statusWith(reply.string('access_token'))).to.equal(here);
      const listed = [audience()].flat();
      const [session] = await api.found(`/Session?jti=${decodeJwt(reply.string('access_token')).jti}`);
      expect(session?.['audience']).to.eql(listed);
    });
  }

  const refused: [why: string, client: string, more: string, expected: string][] = [
    ['an audience beyond the bounds of the Client', 'bounded', '&audience=https://third.example', '400 invalid_target'],
    ['this server, where the Client is bound to others', 'bounded', '&resource=http://localhost', '400 invalid_target'],
    ['a resource that is no URI', 'open', '&resource=nonsense', '400 invalid_target'],
    ['a resource with a fragment', 'open', `&resource=${THEIRS}%23part`, '400 invalid_target'],
    ['a resource that is relative', 'open', '&resource=//other.example/api', '400 invalid_target'],
    ['a resource with a space', 'open', `&resource=${THEIRS}/a+b`, '400 invalid_target'],
    ['a resource with a space before it', 'open', `&resource=+${THEIRS}`, '400 invalid_target'],
    ['a resource with characters that no URI has', 'open', `&resource=${THEIRS}/%7B%C3%A9%7D`, '400 invalid_target'],
    ['a resource beside one that is no URI', 'open', `&resource=${THEIRS}&resource=nonsense`, '400 invalid_target'],
    [
      'too many',
      'open',
      '&audience=a'.concat(...Array.from({ length: 25 }, (_, at) => `&audience=a${at}`)),
      '400 invalid_request',
    ],
    ['an oversized one', 'open', `&audience=${'a'.repeat(2000)}`, '400 invalid_request'],
    ['a scope for others that is not listed', 'open', `&audience=${THEIRS}&scope=read`, '400 invalid_scope'],
  ];
  for (const [why, client, more, expected] of refused) {
    it(`RFC 8707 §2: refuses ${why}`, async () => expect(refusal(await ask(client, more))).to.equal(expected));
  }

  it('JSON takes a list', async () => {
    const reply = await api.request('POST', '/auth/token', {
      json: { grant_type: 'client_credentials', client_id: 'open', client_secret: SECRET, audience: [THEIRS, 'x'] },
    });
    expect(audienceOf(reply.string('access_token'))).to.eql([THEIRS, 'x']);
  });

  it('RFC 8707 §2: an opaque token for others is 401 here, and is good where it is meant for', async () => {
    const bearer = (await ask('opaque', `&audience=${THEIRS}`)).string('access_token');
    const reply = await api.request('GET', '/Patient', { as: { bearer } });
    expect(reply.status).to.equal(401);
    expect(reply.header('www-authenticate')).to.include('error="invalid_token"');
    const form = { token: bearer, client_id: 'opaque', client_secret: SECRET };
    const told = await api.request('POST', '/auth/introspect', { form });
    expect(told.body).to.include({ active: true, aud: THEIRS });
  });

  it('RFC 9068 §2.2.3: a listed scope goes to others', async () => {
    const reply = await ask('scoped', `&audience=${THEIRS}`);
    expect(reply.at('scope')).to.equal('read');
    expect(decodeJwt(reply.string('access_token'))['scope']).to.equal('read');
  });
});
