/** The authorization code flow (RFC 6749 §4.1) with PKCE (RFC 7636), as RFC 9700 has it: codes and what they give. */
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { after, before, describe, it } from 'mocha';
import { runs } from '../../harness/generated.ts';
import type { Reply } from '../../harness/http.ts';
import { asRoot } from '../../harness/server.ts';
import { type Api, type Form, refusal, startApi } from './api.ts';
import { answerIn, type Browser, browserOf, CHALLENGE, codeIn, VERIFIER } from './browser.ts';

const CALLBACK = 'https://app.example/callback';
const SECRET = 'app-secret';
const REFUSED = '400 invalid_grant';

describe('the authorization code flow', () => {
  let api: Api;
  let browser: Browser;
  before(async () => {
    api = await startApi();
    const code = { redirect_uris: [CALLBACK, `${CALLBACK}/other`], refresh_token: true };
    const app = { grant_types: ['authorization_code'], first_party: true, auth: { authorization_code: code } };
    await api.put('/Client/app', app);
    await api.put('/Client/other', app);
    await api.put('/Client/confidential', { ...app, secret: SECRET });
    const b = 'https://b.example';
    const several = { ...code, token_format: 'jwt', audience: [api.issuer, b] };
    await api.put('/Client/several', { ...app, auth: { authorization_code: several } });
    const jwt = { redirect_uri: CALLBACK, token_format: 'jwt', audience: [api.issuer, b] };
    await api.put('/Client/jwt', { ...app, scope: ['a', 'b'], auth: { authorization_code: jwt } });
    await api.put('/Client/plain', { ...app, grant_types: ['password'] });
    for (const id of ['ann', 'bob']) await api.put(`/User/${id}`, { userName: id, password: 'correct-horse' });
    await api.put('/AccessPolicy/ann', { engine: 'allow', link: [{ reference: 'User/ann' }] });
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
  const newCode = async (query: Form = {}, by = browser) => codeIn(await by.authorize({ ...QUERY, ...query }));
  const exchange = (code: string, form: Form = {}) => {
    const fixed = { grant_type: 'authorization_code', client_id: 'app', redirect_uri: CALLBACK };
    return api.token({ ...fixed, code_verifier: VERIFIER, code, ...form });
  };
  const granted = async (code: string, form: Form = {}) => {
    const reply = await exchange(code, form);
    expect(reply.status, reply.text).to.equal(200);
    return reply;
  };
  const refreshed = (reply: Reply) =>
    api.token({ grant_type: 'refresh_token', client_id: 'app', refresh_token: reply.string('refresh_token') });
  const newest = async () => (await api.found('/Session?type=authorization_code&_sort=-start&_count=1'))[0] ?? {};

  describe('as it should go', () => {
    it('RFC 6749 §4.1.4: the client gets a code, and for it tokens that are the person’s', async () => {
      const back = await browser.authorize(QUERY);
      expect(back.header('location')).to.match(/^https:\/\/app\.example\/callback\?code=/);
      expect(answerIn(back).state).to.equal(QUERY.state);
      const reply = await granted(codeIn(back));
      expect(reply.body).to.include({ token_type: 'Bearer', expires_in: 3600 });
      expect(reply.body).to.not.have.any.keys('id_token', 'patient', 'userinfo');
      expect(reply.header('cache-control')).to.equal('no-store');
      expect(await api.statusWith(reply.string('access_token'))).to.equal(200);
      expect(await newest()).to.deep.include({
        active: true,
        user: { reference: 'User/ann' },
        client: { reference: 'Client/app' },
      });
      const again = await refreshed(reply);
      expect(again.string('refresh_token')).to.not.equal(reply.string('refresh_token'));
      expect(await api.statusWith(again.string('access_token'))).to.equal(200);
    });

    it('RFC 9207 §2: the answer says who gives it', async () => {
      expect(answerIn(await browser.authorize(QUERY)).iss).to.equal(api.issuer);
    });

    it('RFC 6749 §3.1.2.3: where one redirect_uri is registered, it may be left out, twice', async () => {
      const { redirect_uri: _, ...query } = { ...QUERY, client_id: 'jwt' };
      const form = { grant_type: 'authorization_code', client_id: 'jwt', code_verifier: VERIFIER };
      const code = codeIn(await browser.authorize(query));
      expect(refusal(await api.token({ ...form, code, redirect_uri: `${CALLBACK}/x` }))).to.equal(REFUSED);
      await api.granted({ ...form, code });
    });

    it('RFC 8707 §2.1, §2.2: gives JWT, scopes and audiences as its Client says', async () => {
      const query = { client_id: 'jwt', scope: 'a', resource: 'https://b.example' };
      const reply = await granted(await newCode(query), { client_id: 'jwt' });
      const claims = decodeJwt(reply.string('access_token'));
      expect(claims).to.include({ sub: 'ann', client_id: 'jwt', scope: 'a', aud: 'https://b.example' });
      expect(reply.body).to.not.have.property('refresh_token');
      const other = await exchange(await newCode(query), { client_id: 'jwt', resource: api.issuer });
      expect(refusal(other)).to.equal('400 invalid_target');
    });

    it('RFC 8707 §2.2: a token for a part of the resources leaves the refresh token bound to all of them', async () => {
      const [ours, theirs, text] = [api.issuer, 'https://b.example', new URLSearchParams(QUERY)];
      text.set('client_id', 'several');
      for (const resource of [ours, theirs]) text.append('resource', resource);
      const code = codeIn(await browser.authorize(text.toString()));
      const form = { client_id: 'several', resource: theirs };
      const first = await granted(code, form);
      expect(decodeJwt(first.string('access_token')).aud).to.equal(theirs);
      expect(await api.statusWith(first.string('access_token'))).to.equal(401);
      let refresh_token = first.string('refresh_token');
      for (const [resource, aud] of [
        [ours, ours],
        ['', [ours, theirs]],
        [theirs, theirs],
      ] as const) {
        const again = await api.granted({ ...form, grant_type: 'refresh_token', refresh_token, resource });
        expect(decodeJwt(again.string('access_token')).aud, resource).to.eql(aud);
        refresh_token = again.string('refresh_token');
      }
      const beyond = { ...form, grant_type: 'refresh_token', refresh_token, resource: 'https://c.example' };
      expect(refusal(await api.token(beyond))).to.equal('400 invalid_target');
    });

    it('a confidential client authenticates, and keeps its refresh token', async () => {
      const form = { client_id: 'confidential', client_secret: SECRET };
      const reply = await granted(await newCode({ client_id: 'confidential' }), form);
      const refresh = { ...form, grant_type: 'refresh_token', refresh_token: reply.string('refresh_token') };
      expect((await api.granted(refresh)).at('refresh_token')).to.equal(reply.string('refresh_token'));
    });

    it('policy of the user is judged, not of the client', async () => {
      await api.put('/AccessPolicy/app', { engine: 'allow', link: [{ reference: 'Client/app' }] });
      const bob = browserOf(api);
      const reply = await granted(codeIn(await bob.authorize(QUERY, 'bob')));
      expect(await api.statusWith(reply.string('access_token'))).to.equal(403);
      await api.remove('/AccessPolicy/app');
    });

    it('of scopes of SMART a refresh token is asked for by offline_access', async () => {
      const scoped = async (scope: string) => granted(await newCode({ scope }));
      expect((await scoped('user/Patient.rs')).body).to.not.have.property('refresh_token');
      expect((await scoped('user/Patient.rs offline_access')).at('refresh_token')).to.be.a('string');
      expect((await scoped('openid')).at('refresh_token')).to.be.a('string');
    });
  });

  describe('codes that were stolen, tried or used', () => {
    it('RFC 6749 §4.1.2, RFC 6749 §10.5: code replay ends the tokens that it was exchanged for', async () => {
      const code = await newCode();
      const reply = await granted(code);
      expect(refusal(await exchange(code))).to.equal(REFUSED);
      expect(await api.statusWith(reply.string('access_token'))).to.equal(401);
      expect(refusal(await refreshed(reply))).to.equal(REFUSED);
      expect(await newest()).to.include({ active: false });
    });

    it('code replay after the minute, and by another client, ends them too', async () => {
      const code = await newCode();
      const reply = await granted(code);
      api.pass(120);
      expect(refusal(await exchange(code, { client_id: 'other' }))).to.equal(REFUSED);
      expect(await api.statusWith(reply.string('access_token'))).to.equal(401);
    });

    it('code replay by 20 at once: one is given tokens, and they end', async () => {
      for (let round = 0; round < runs(20).numRuns; round += 1) {
        const code = await newCode();
        const replies = await Promise.all(Array.from({ length: 20 }, () => exchange(code)));
        const good = replies.filter(({ status }) => status === 200);
        expect(good).to.have.length(1);
        expect(await api.statusWith(good[0]?.string('access_token') ?? '')).to.equal(401);
        expect(await api.found(`/Session?_id=${String((await newest())['id'])}&active=true`)).to.eql([]);
      }
    });

    it('RFC 6749 §4.1.3, §10.5: the code of another client is refused, and stays good for its own', async () => {
      const code = await newCode();
      expect(refusal(await exchange(code, { client_id: 'other' }))).to.equal(REFUSED);
      const stolen = { client_id: 'confidential', client_secret: SECRET };
      expect(refusal(await exchange(code, stolen))).to.equal(REFUSED);
      await granted(code);
    });

    it('RFC 6749 §4.1.3, RFC 6749 §10.6: redirect_uri has to be the same as it was', async () => {
      const code = await newCode();
      for (const redirect_uri of ['', `${CALLBACK}/`, `${CALLBACK}/other`, 'https://app.example/']) {
        expect(refusal(await exchange(code, { redirect_uri })), redirect_uri).to.equal(REFUSED);
      }
      await granted(code);
    });

    it('RFC 6749 §4.1.2, §10.5: a code is good for a minute', async () => {
      const code = await newCode();
      api.pass(61);
      expect(refusal(await exchange(code))).to.equal(REFUSED);
    });

    it('RFC 6749 §3.2.1, RFC 6749 §10.1, RFC 9700 §2.5: a confidential client must authenticate', async () => {
      const code = await newCode({ client_id: 'confidential' });
      expect(refusal(await exchange(code, { client_id: 'confidential' }))).to.equal('401 invalid_client');
      const wrong = { client_id: 'confidential', client_secret: 'wrong' };
      expect(refusal(await exchange(code, wrong))).to.equal('401 invalid_client');
      await granted(code, { client_id: 'confidential', client_secret: SECRET });
    });

    it('RFC 6749 §5.2: a Client that does not list the grant is refused', async () => {
      expect(refusal(await exchange('x', { client_id: 'plain' }))).to.equal('400 unauthorized_client');
    });

    it('a code is no token: not a bearer, not a refresh token', async () => {
      const code = await newCode();
      expect(await api.statusWith(code)).to.equal(401);
      expect(refusal(await api.token({ grant_type: 'refresh_token', client_id: 'app', refresh_token: code }))).to.equal(
        REFUSED,
      );
      const { access_token: token } = (await granted(code)).body as Form;
      expect(refusal(await api.token({ grant_type: 'refresh_token', client_id: 'app', refresh_token: code }))).to.equal(
        REFUSED,
      );
      expect(await api.statusWith(String(token))).to.equal(200);
      expect(refusal(await exchange(String(token)))).to.equal(REFUSED);
    });
  });

  describe('PKCE', () => {
    // A person who is signed in gets a code at once for whatever is not refused: so a hole shows as a code.
    before(() => browser.authorize(QUERY));

    const missing: [why: string, query: Form][] = [
      ['PKCE missing', { code_challenge: '', code_challenge_method: '' }],
      ['PKCE plain', { code_challenge_method: 'plain' }],
      ['PKCE plain by leaving the method out (RFC 7636 §4.3)', { code_challenge_method: '' }],
      ['PKCE in another case', { code_challenge_method: 's256' }],
      ['PKCE with a challenge that is no SHA-256', { code_challenge: VERIFIER.slice(1) }],
      ['PKCE with a method alone', { code_challenge: '' }],
    ];
    for (const [why, query] of missing) {
      it(`RFC 7636 §4.4.1, RFC 8252 §8.1, RFC 9700 §2.1.1: ${why} is refused, of any client`, async () => {
        for (const client_id of ['app', 'confidential']) {
          const answer = answerIn(await browser.open({ ...QUERY, client_id, ...query }));
          expect(answer).to.include({ error: 'invalid_request', state: QUERY.state, iss: api.issuer });
          expect(answer['error_description']).to.match(/^code_challenge(?:_method)? (?:is|must be) /);
        }
      });
    }

    it('RFC 7636 §4.6: a wrong verifier is refused, and the code stays good for the right one', async () => {
      const code = await newCode();
      for (const code_verifier of ['x'.repeat(43), CHALLENGE, `${VERIFIER}x`, VERIFIER.toLowerCase(), 'short']) {
        expect(refusal(await exchange(code, { code_verifier })), code_verifier).to.equal(REFUSED);
      }
      await granted(code);
    });

    it('RFC 9700 §4.8.2: a downgrade by leaving the verifier out is refused', async () => {
      expect(refusal(await exchange(await newCode(), { code_verifier: '' }))).to.equal('400 invalid_request');
    });
  });

  describe('between the code and its exchange', () => {
    const changes: [what: string, change: () => Promise<unknown>][] = [
      ['a deactivated user', () => api.put('/User/tim', { password: 'correct-horse', inactive: true })],
      ['a user with a new password', () => api.put('/User/tim', { password: 'another-one' })],
      ['a deleted user', () => api.remove('/User/tim')],
    ];
    for (const [what, change] of changes) {
      it(`${what} gets nothing any more, and is signed out of the browser`, async () => {
        await api.put('/User/tim', { password: 'correct-horse' });
        const tim = browserOf(api);
        const code = codeIn(await tim.authorize(QUERY, 'tim'));
        expect((await tim.open(QUERY)).status).to.equal(303);
        await change();
        expect(refusal(await exchange(code))).to.equal(REFUSED);
        expect((await tim.open(QUERY)).text).to.include('name="password"');
        // Not even where the account is made anew.
        await api.put('/User/tim', { password: 'correct-horse' });
        expect(refusal(await exchange(code))).to.equal(REFUSED);
        expect((await tim.open(QUERY)).text).to.include('name="password"');
      });
    }

    it('a deactivated client gets nothing any more', async () => {
      const code = await newCode({ client_id: 'other' });
      const { body } = await api.request('GET', '/Client/other', { as: asRoot });
      await api.put('/Client/other', { ...(body as object), active: false });
      expect(refusal(await exchange(code, { client_id: 'other' }))).to.equal('401 invalid_client');
      const page = await browser.open({ ...QUERY, client_id: 'other' });
      expect([page.status, page.header('location')]).to.eql([400, '']);
      await api.put('/Client/other', { ...(body as object), active: true });
    });
  });
});
