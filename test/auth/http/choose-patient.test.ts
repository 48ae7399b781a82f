/** Whom a person may choose on the page for it: whom the person's own policies let read, by whatever they judge. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from './api.ts';
import { browserOf, CHALLENGE, codeIn, sealedIn } from './browser.ts';

const CALLBACK = 'https://app.example/callback';
const QUERY = {
  response_type: 'code',
  client_id: 'app',
  redirect_uri: CALLBACK,
  scope: 'launch/patient patient/*.rs',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};

describe('choosing a patient', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    const code = { redirect_uris: [CALLBACK] };
    await api.put('/Client/app', { grant_types: ['authorization_code'], auth: { authorization_code: code } });
    await api.put('/Patient/shown', { active: true, name: [{ family: 'Shown' }] });
    await api.put('/Patient/denied', { active: false, name: [{ family: 'Denied' }] });
  });
  after(() => api.stop());

  /** A person who may search patients, and read some. */
  async function person(id: string, matcho: object): Promise<void> {
    await api.put(`/User/${id}`, { password: 'correct-horse' });
    const link = (operation: string) => [{ reference: `User/${id}` }, { reference: `Operation/Patient.${operation}` }];
    await api.put(`/AccessPolicy/${id}-search`, { engine: 'allow', link: link('search') });
    await api.put(`/AccessPolicy/${id}-read`, { engine: 'matcho', matcho, link: link('read') });
  }

  for (const [by, matcho] of Object.entries({
    address: { uri: { $not: '/Patient/denied' } },
    id: { params: { 'resource/id': 'shown' } },
    resource: { resource: { active: true } },
  })) {
    it(`a patient that its person may not read is neither shown nor taken, by ${by}`, async () => {
      await person(by, matcho);
      const browser = browserOf(api);
      const picker = await browser.signIn(await browser.open(QUERY), by);
      expect(picker.text).to.include('<h1>Choose a patient</h1>');
      const again = await browser.send(picker, { patient: 'denied' });
      expect(again.text).to.include('<h1>Choose a patient</h1>');
      const consent = await browser.send(picker, { patient: 'shown' });
      expect(consent.text).to.include('value="allow"').and.include('Shown');
      codeIn(await browser.send(consent, { answer: 'allow' }));
    });
  }

  it('a choice of somebody else is none of the person who signs in after them', async () => {
    for (const id of ['ann', 'bob']) await person(id, { 'request-method': 'get' });
    const browser = browserOf(api);
    const picker = await browser.signIn(await browser.open(QUERY), 'ann');
    const consent = await browser.send(picker, { patient: 'shown' });
    const question = await browser.get('/auth/logout');
    const cookie = [...browser.cookies].map((pair) => pair.join('=')).join('; ');
    const form = { interaction: sealedIn(question), answer: 'sign-out' };
    expect((await api.request('POST', '/auth/logout', { headers: { cookie }, form })).status).to.equal(200);
    const login = await browser.send(consent, { answer: 'allow' });
    expect(login.text).to.include('name="password"');
    expect((await browser.signIn(login, 'bob')).text).to.include('<h1>Choose a patient</h1>');
  });
});
