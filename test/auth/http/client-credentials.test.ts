import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { RequestOptions } from '../../harness/http.ts';
import { type Api, refusal, startApi } from './api.ts';

// It has what form-encoding changes and what a header must not have unencoded.
const SECRET = 'p:a+s%s wörd&=';
const GRANT = { grant_type: 'client_credentials' };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const encoded = (text: string) => encodeURIComponent(text).replaceAll('%20', '+');
const authorization = (value: string): RequestOptions => ({ headers: { authorization: value } });

describe('client_credentials over HTTP (RFC 6749 §4.4)', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    const service = { secret: SECRET, grant_types: ['client_credentials'] };
    await api.put('/Client/service', service);
    await api.put('/Client/other', { ...service, secret: 'other-secret' });
    await api.put('/Client/no-grant', { secret: SECRET, grant_types: ['basic'] });
    await api.put('/Client/no-grants', { secret: SECRET });
    await api.put('/Client/off', { ...service, active: false });
    await api.put('/Client/bare', { grant_types: ['client_credentials'] });
    await api.put('/Client/refreshing', {
      ...service,
      auth: { client_credentials: { refresh_token: true, secret_required: false } },
    });
  });
  after(() => api.stop());

  const accepted: [why: string, options: RequestOptions][] = [
    ['Basic, form-encoded as the RFC says', authorization(`Basic ${base64(`service:${encoded(SECRET)}`)}`)],
    ['Basic, raw', authorization(`Basic ${base64(`service:${SECRET}`)}`)],
    ['Basic in any case', authorization(`bASIC ${base64(`service:${SECRET}`)}`)],
    ['a bare base64 value without a scheme', authorization(base64(`service:${SECRET}`))],
    ['the body, as a form', { form: { ...GRANT, client_id: 'service', client_secret: SECRET } }],
    ['the body, as JSON', { json: { ...GRANT, client_id: 'service', client_secret: SECRET } }],
    [
      'Basic, and the same client_id in the body',
      {
        ...authorization(`Basic ${base64(`service:${SECRET}`)}`),
        form: { ...GRANT, client_id: 'service' },
      },
    ],
    ['an id that is form-encoded', authorization(`Basic ${base64(`%73ervice:${encoded(SECRET)}`)}`)],
  ];
  for (const [why, options] of accepted) {
    it(`RFC 6749 §2.3.1, RFC 6749 §5.1: authenticates by ${why}`, async () => {
      const body = options.form === undefined && options.json === undefined ? { form: GRANT } : {};
      const reply = await api.request('POST', '/auth/token', { ...options, ...body });
      expect(reply.status, reply.text).to.equal(200);
      expect(reply.body).to.have.keys('token_type', 'access_token', 'expires_in');
      expect(reply.body).to.include({ token_type: 'Bearer', expires_in: 3600 });
      expect(reply.string('access_token')).to.match(/^[\w-]{43}$/);
      expect(reply.header('cache-control')).to.equal('no-store');
      expect(reply.header('pragma')).to.equal('no-cache');
      expect(reply.header('content-type')).to.match(/^application\/json/);
    });
  }

  const basic = (id: string, secret: string) => authorization(`Basic ${base64(`${id}:${secret}`)}`);
  const refused: [why: string, options: RequestOptions, expected: string][] = [
    ['an unknown client', basic('nobody', SECRET), '401 invalid_client'],
    ['a wrong secret', basic('service', 'wrong'), '401 invalid_client'],
    ['a secret in another case', basic('service', SECRET.toUpperCase()), '401 invalid_client'],
    ['the secret of another client', basic('service', 'other-secret'), '401 invalid_client'],
    ['an empty secret', basic('service', ''), '401 invalid_client'],
    [
      'an empty secret in the body',
      { form: { ...GRANT, client_id: 'service', client_secret: '' } },
      '401 invalid_client',
    ],
    ['Client without secret', { form: { ...GRANT, client_id: 'bare' } }, '401 invalid_client'],
    ['Client without secret, given an empty one', basic('bare', ''), '401 invalid_client'],
    ['Client without secret, given any', basic('bare', 'undefined'), '401 invalid_client'],
    [
      'no authentication, even where secret_required is false',
      { form: { ...GRANT, client_id: 'refreshing' } },
      '401 invalid_client',
    ],
    ['a client that is switched off', basic('off', SECRET), '401 invalid_client'],
    ['the id in another case', basic('Service', SECRET), '401 invalid_client'],
    ['Basic that is none', authorization('Basic %%%'), '401 invalid_client'],
    ['another scheme', authorization('Digest abc'), '401 invalid_client'],
    ['a bearer token', authorization('Bearer abc'), '401 invalid_client'],
    [
      'authenticate as A with client_id=B',
      { ...basic('service', SECRET), form: { ...GRANT, client_id: 'other' } },
      '400 invalid_request',
    ],
    [
      'two methods at once',
      { ...basic('service', SECRET), form: { ...GRANT, client_secret: SECRET } },
      '400 invalid_request',
    ],
    ['grant not registered', basic('no-grant', SECRET), '400 unauthorized_client'],
    ['no grants at all', basic('no-grants', SECRET), '400 unauthorized_client'],
    ['a path as id', basic('../Client/service', SECRET), '401 invalid_client'],
    ['SQL as id', basic("service' OR '1'='1", SECRET), '401 invalid_client'],
  ];
  for (const [why, options, expected] of refused) {
    it(`RFC 6749 §2.3, RFC 6749 §4.4.2, RFC 6749 §5.2: refuses ${why}`, async () => {
      const reply = await api.request('POST', '/auth/token', { form: GRANT, ...options });
      expect(refusal(reply)).to.equal(expected);
      expect(reply.header('www-authenticate')).to.match(expected.startsWith('401') ? /^Basic realm=/ : /^$/);
    });
  }

  it('answers an unknown client, a wrong secret and a Client without secret alike', async () => {
    const replies = await Promise.all(
      [basic('nobody', 'x'), basic('service', 'x'), basic('bare', 'x'), basic('off', SECRET)].map((options) =>
        api.token(GRANT, options),
      ),
    );
    expect(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size).to.equal(1);
  });

  it('answers in YAML where that is asked for, errors in JSON', async () => {
    const headers = { accept: 'text/yaml', authorization: `Basic ${base64(`service:${SECRET}`)}` };
    const reply = await api.token(GRANT, { headers });
    expect(reply.header('content-type')).to.match(/^text\/yaml/);
    expect(reply.body).to.include({ token_type: 'Bearer', expires_in: 3600 });
    expect(reply.header('cache-control')).to.equal('no-store');
    const refusedReply = await api.token({ grant_type: 'x' }, { headers });
    expect(refusedReply.header('content-type')).to.match(/^application\/json/);
  });

  it('RFC 6749 §4.4.3: gives a refresh token only where the grant says so', async () => {
    const reply = await api.granted(GRANT, basic('refreshing', SECRET));
    expect(reply.string('refresh_token')).to.match(/^[\w-]{43}$/);
    const refreshed = await api.granted({
      grant_type: 'refresh_token',
      client_id: 'refreshing',
      refresh_token: reply.string('refresh_token'),
    });
    expect(refreshed.body).to.have.keys('token_type', 'access_token', 'expires_in', 'refresh_token');
  });

  it('writes a Session of the grant', async () => {
    await api.granted(GRANT, {
      ...basic('other', 'other-secret'),
      headers: { 'user-agent': 'probe/1.0' },
      as: { basic: ['other', 'other-secret'] },
    });
    const [session] = await api.found('/Session?client=Client/other&_sort=-_lastUpdated&_count=1');
    expect(session).to.deep.include({
      type: 'client_credentials',
      active: true,
      client: { reference: 'Client/other' },
      audience: [api.issuer],
      ip: '127.0.0.1',
      user_agent: 'probe/1.0',
    });
    expect(session).to.include.keys('start', 'exp', 'jti');
    expect(session).to.not.have.any.keys('user', 'end', 'refresh_token_exp', 'scope');
  });
});
