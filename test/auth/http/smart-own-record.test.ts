/** The scope `fhirUser` of SMART App Launch 2: an app learns which record a person is, and may read it. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from './api.ts';
import { browserOf, CHALLENGE, codeIn, VERIFIER } from './browser.ts';

const CALLBACK = 'https://app.example/callback';
const QUERY = {
  response_type: 'code',
  client_id: 'app',
  redirect_uri: CALLBACK,
  state: 'x',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};

describe('SMART App Launch: the scope fhirUser', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    await api.put('/Client/app', {
      grant_types: ['authorization_code'],
      auth: { authorization_code: { redirect_uris: [CALLBACK], refresh_token: true } },
    });
    await api.put('/Patient/p', { active: true });
    for (const id of ['own', 'other']) await api.put(`/Practitioner/${id}`, { active: true });
    const reference = 'Practitioner/own';
    for (const [id, fhirUser] of [
      ['doc', { reference }],
      ['typed', { resourceType: 'Practitioner', id: 'own' }],
      ['shut', { reference }],
    ] as const) {
      await api.put(`/User/${id}`, { password: 'correct-horse', fhirUser });
      const link = [{ reference: `User/${id}` }];
      const shut = id === 'shut' ? [{ resourceType: 'Operation', id: 'Patient.search' }] : [];
      await api.put(`/AccessPolicy/${id}`, { engine: 'allow', link: [...link, ...shut] });
    }
  });
  after(() => api.stop());

  const signIn = async (user: string, scope: string) => {
    const browser = browserOf(api);
    let page = await browser.signIn(await browser.open({ ...QUERY, scope }), user);
    if (page.text.includes('name="patient"')) page = await browser.send(page, { patient: 'p' });
    if (page.text.includes('value="allow"')) page = await browser.send(page, { answer: 'allow' });
    const form = { grant_type: 'authorization_code', client_id: 'app', redirect_uri: CALLBACK };
    return api.granted({ ...form, code: codeIn(page), code_verifier: VERIFIER });
  };
  const statuses = async (bearer: string, paths: string[]) =>
    Promise.all(paths.map((path) => api.statusWith(bearer, path)));

  for (const beside of ['launch/patient patient/Observation.rs', 'launch/patient', 'user/Observation.rs']) {
    it(`beside ${beside}, the token reads that record, and nothing else of its type`, async () => {
      const bearer = (await signIn('doc', `openid fhirUser ${beside}`)).string('access_token');
      const own = ['/Practitioner/own', '/fhir/Practitioner/own'];
      expect(await statuses(bearer, own)).to.eql([200, 200]);
      const others = [
        '/Practitioner/other',
        '/Practitioner',
        '/Practitioner/own/_history',
        '/Practitioner/own/_history/1',
      ];
      expect(await statuses(bearer, others)).to.eql(others.map(() => 403));
      const json = { active: false };
      const changed = await api.request('PUT', '/Practitioner/own', { as: { bearer }, json });
      expect(changed.status).to.equal(403);
    });
  }

  it('in a Bundle, too', async () => {
    const bearer = (await signIn('doc', 'openid fhirUser user/Observation.rs')).string('access_token');
    const entry = ['own', 'other'].map((id) => ({ request: { method: 'GET', url: `Practitioner/${id}` } }));
    const json = { resourceType: 'Bundle', type: 'batch', entry };
    const reply = await api.request('POST', '/', { as: { bearer }, json });
    expect([0, 1].map((at) => reply.at(`entry.${at}.response.status`))).to.eql(['200', '403']);
  });

  it('whichever way the User says which record that is', async () => {
    const bearer = (await signIn('typed', 'openid fhirUser user/Observation.rs')).string('access_token');
    expect(await statuses(bearer, ['/Practitioner/own'])).to.eql([200]);
  });

  it('not without the scope, nor once a refresh has left it out', async () => {
    const without = await signIn('doc', 'openid user/Observation.rs');
    expect(await statuses(without.string('access_token'), ['/Practitioner/own'])).to.eql([403]);
    const reply = await signIn('doc', 'openid fhirUser user/Observation.rs offline_access');
    const form = { grant_type: 'refresh_token', client_id: 'app', refresh_token: reply.string('refresh_token') };
    const narrowed = await api.granted({ ...form, scope: 'openid user/Observation.rs' });
    expect(await statuses(narrowed.string('access_token'), ['/Practitioner/own'])).to.eql([403]);
  });

  it('never further than the policies of the person', async () => {
    const bearer = (await signIn('shut', 'openid fhirUser user/Observation.rs')).string('access_token');
    expect(await statuses(bearer, ['/Practitioner/own'])).to.eql([403]);
  });
});
