/** axios-oauth-client, functions that ask for tokens through axios: its grants, each with its secret in the form. */
import axios, { type AxiosError } from 'axios';
import { authorizationCode, clientCredentials, ownerCredentials, refreshToken } from 'axios-oauth-client';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import { browserOf, CHALLENGE, codeIn, VERIFIER } from '../auth/http/browser.ts';

const CALLBACK = 'https://app.example/callback';
const SECRET = 'a secret: with +%&= in it';
const PERSON = ['ann@example.org', 'correct-horse'] as const;

/** What the token endpoint answered. */
interface Answer {
  access_token: string;
  refresh_token: string;
  scope?: string;
}

describe('clients: axios-oauth-client', () => {
  let api: Api;
  let url: string;

  before(async () => {
    api = await startApi();
    url = `${api.issuer}/auth/token`;
    const refreshable = { refresh_token: true };
    const code = { ...refreshable, redirect_uris: [CALLBACK] };
    const auth = { password: refreshable, authorization_code: code, client_credentials: refreshable };
    const grant_types = ['client_credentials', 'password', 'authorization_code'];
    await api.put('/Client/app', { secret: SECRET, first_party: true, grant_types, auth });
    await api.put('/User/ann', { email: PERSON[0], password: PERSON[1] });
    const link = [{ reference: 'User/ann' }, { reference: 'Client/app' }];
    await api.put('/AccessPolicy/all', { engine: 'allow', link });
  });
  after(() => api.stop());

  const read = ({ access_token }: Answer) => api.statusWith(access_token);
  const revoke = (token: string) => {
    const form = new URLSearchParams({ client_id: 'app', client_secret: SECRET, token });
    return axios.post(`${api.issuer}/auth/revoke`, form);
  };

  it('gets a token for itself', async () => {
    const grant = clientCredentials(axios, url, 'app', SECRET);
    const answer = (await grant('read write')) as Answer;
    expect(answer.scope).to.equal('read write');
    expect(await read(answer)).to.equal(200);
  });

  it('gets a token for itself by the Basic of axios, and refreshes it: what is empty is omitted', async () => {
    // axios encodes nothing.
    const basic = axios.create({ auth: { username: 'app', password: encodeURIComponent(SECRET) } });
    const first = (await clientCredentials(basic, url, 'app', '')('read')) as Answer;
    const second = (await refreshToken(basic, url, 'app', '')(first.refresh_token)) as Answer;
    expect([await read(first), await read(second)]).to.eql([401, 200]);
  });

  it('gets a token for a user, refreshes it, and revokes both', async () => {
    const first = (await ownerCredentials(axios, url, 'app', SECRET)(...PERSON)) as Answer;
    const second = (await refreshToken(axios, url, 'app', SECRET)(first.refresh_token)) as Answer;
    expect([await read(first), await read(second)]).to.eql([401, 200]);
    await revoke(second.access_token);
    expect(await read(second)).to.equal(401);
    const failure = await refreshToken(axios, url, 'app', SECRET)(second.refresh_token).catch((e: AxiosError) => e);
    expect(failure.response.data).to.include({ error: 'invalid_grant' });
  });

  it('exchanges a code; it knows no PKCE, so that its caller adds the verifier', async () => {
    const back = await browserOf(api).authorize({
      response_type: 'code',
      client_id: 'app',
      redirect_uri: CALLBACK,
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
    });
    const withVerifier = axios.create({
      transformRequest: (data: string) => `${data}&code_verifier=${VERIFIER}`,
    });
    const answer = (await authorizationCode(withVerifier, url, 'app', SECRET, CALLBACK)(codeIn(back))) as Answer;
    expect(await read(answer)).to.equal(200);
    const refreshed = (await refreshToken(axios, url, 'app', SECRET)(answer.refresh_token)) as Answer;
    expect([await read(answer), await read(refreshed)]).to.eql([401, 200]);
    await revoke(answer.refresh_token);
    expect(await read(refreshed)).to.equal(401);
  });

  it('reports a wrong secret', async () => {
    const failure = await clientCredentials(axios, url, 'app', 'wrong')('').catch((error: AxiosError) => error);
    expect(failure.response.status).to.equal(401);
    expect(failure.response.data).to.include({ error: 'invalid_client' });
  });
});
