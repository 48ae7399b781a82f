/** The authorization code flow (RFC 6749 §4.1) with PKCE (RFC 7636), as RFC 9700 has it. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, type Form, refusal, startApi } from './api.ts';
import { answerIn, type Browser, browserOf, CHALLENGE, codeIn, VERIFIER } from './browser.ts';

const CALLBACK = 'https://app.example/callback';
const SECRET = 'app-secret';

describe('the authorization code flow', () => {
  let api: Api;
  let browser: Browser;
  before(async () => {
    api = await startApi();
    const code = { redirect_uris: [CALLBACK, `${CALLBACK}?tenant=a`], refresh_token: true };
    const app = { grant_types: ['authorization_code'], first_party: true, auth: { authorization_code: code } };
    await api.put('/Client/app', app);
    await api.put('/Client/other', app);
    await api.put('/Client/confidential', { ...app, secret: SECRET });
    await api.put('/User/ann', { userName: 'ann', email: 'ann@example.org', password: 'correct-horse' });
    await api.put('/AccessPolicy/all', { engine: 'allow', link: [{ reference: 'User/ann' }] });
    browser = browserOf(api);
  });
  after(() => api.stop());

  const QUERY = {
    response_type: 'code',
    client_id: 'app',
    redirect_uri: CALLBACK,
    state: 'a state: &=+ é',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  };
  const EXCHANGE = {
    grant_type: 'authorization_code',
    client_id: 'app',
    redirect_uri: CALLBACK,
    code_verifier: VERIFIER,
  };
  const newCode = async (query: Form = {}) => codeIn(await browser.authorize({ ...QUERY, ...query }));
  const exchange = (code: string, form: Form = {}) => api.token({ ...EXCHANGE, code, ...form });

  it('RFC 6749 §4.1: a person signs in, the client gets a code, and for it tokens that are the person’s', async () => {
    const back = await browser.authorize(QUERY);
    expect(back.status).to.equal(303);
    expect(back.header('location')).to.match(/^https:\/\/app\.example\/callback\?code=/);
    expect(answerIn(back)).to.include({ state: QUERY.state, iss: api.issuer });
    const reply = await exchange(codeIn(back));
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.body).to.include({ token_type: 'Bearer', expires_in: 3600 });
    expect(await api.statusWith(reply.string('access_token'))).to.equal(200);
    const [session] = await api.found('/Session?type=authorization_code&_sort=-_lastUpdated&_count=1');
    expect(session).to.deep.include({
      active: true,
      user: { reference: 'User/ann' },
      client: { reference: 'Client/app' },
    });
    const refreshed = await api.granted({
      grant_type: 'refresh_token',
      client_id: 'app',
      refresh_token: reply.string('refresh_token'),
    });
    expect(await api.statusWith(refreshed.string('access_token'))).to.equal(200);
    expect(refusal(await exchange(codeIn(back)))).to.equal('400 invalid_grant');
  });

  it('x', async () => {
    expect(refusal(await exchange(await newCode(), { client_id: 'other' }))).to.equal('400 invalid_grant');
  });
});
