/** SMART App Launch 2: the patient in the context of a token, and what scopes of `patient/` reach. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Reply } from '../../harness/http.ts';
import { type Api, startApi } from './api.ts';
import { answerIn, type Browser, browserOf, CHALLENGE, codeIn, type Query, VERIFIER } from './browser.ts';

const CALLBACK = 'https://app.example/callback';
const QUERY = {
  response_type: 'code',
  client_id: 'app',
  redirect_uri: CALLBACK,
  state: 'x',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};
const SECRET = 'app-secret';

describe('SMART App Launch', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    const code = { redirect_uris: [CALLBACK], refresh_token: true };
    await api.put('/Client/app', {
      secret: SECRET,
      grant_types: ['authorization_code', 'password'],
      first_party: true,
      auth: { authorization_code: code },
    });
    await api.put('/Organization/o', { name: 'Org' });
    await api.put('/Patient/p1', {
      name: [{ family: 'Adams', given: ['Amy'] }],
      birthDate: '1970-01-31',
      managingOrganization: { reference: 'Organization/o' },
    });
    await api.put('/Patient/p2', { name: [{ family: 'Brown', given: ['Bea'] }], birthDate: '1980-02-28' });
    await api.put('/Patient/p3', {
      name: [{ family: '<b>Clark' }],
      managingOrganization: { reference: 'Organization/o' },
    });
    for (const patient of ['p1', 'p2']) {
      const subject = { reference: `Patient/${patient}` };
      await api.put(`/Observation/${patient}`, { status: 'final', code: { text: 'x' }, subject });
      await api.put(`/Condition/${patient}`, { subject });
      await api.put(`/Encounter/${patient}`, { status: 'finished', class: { code: 'AMB' }, subject });
    }
    await api.put('/Practitioner/d', {});
    await api.put('/User/pat', { password: 'correct-horse', fhirUser: { reference: 'Patient/p1' } });
    await api.put('/User/doc', { password: 'correct-horse', fhirUser: { resourceType: 'Practitioner', id: 'd' } });
    await api.put('/User/narrow', { password: 'correct-horse', data: { org: 'o' } });
    await api.put('/User/nobody', { password: 'correct-horse' });
    for (const user of ['pat', 'doc']) {
      await api.put(`/AccessPolicy/${user}`, { engine: 'allow', link: [{ reference: `User/${user}` }] });
    }
    await api.put('/AccessPolicy/narrow', {
      engine: 'criteria',
      resource: 'Patient',
      criteria: 'organization=Organization/{{user.data.org}}',
      link: [{ reference: 'User/narrow' }],
    });
  });
  after(() => api.stop());

  const begin = async (username: string, scope: string, more: Query = {}): Promise<[Browser, Reply]> => {
    const browser = browserOf(api);
    return [browser, await browser.signIn(await browser.open({ ...QUERY, scope, ...more }), username)];
  };
  const granted = async (back: Reply) =>
    api.granted({
      grant_type: 'authorization_code',
      client_id: 'app',
      client_secret: SECRET,
      redirect_uri: CALLBACK,
      code: codeIn(back),
      code_verifier: VERIFIER,
    });
  const tokenOf = async (username: string, scope: string, patient?: string) => {
    const [browser, page] = await begin(username, scope);
    return granted(patient === undefined ? page : await browser.send(page, { patient }));
  };
  const offered = ({ text }: Reply) => [...text.matchAll(/name="patient" value="([^"]*)"/g)].map(([, id]) => id);
  const introspected = async (token: string) =>
    api.request('POST', '/auth/introspect', { form: { token, client_id: 'app', client_secret: SECRET } });

  describe('launch/patient', () => {
    it('a person who is a patient is the patient; the token answer, introspection and the Session say so', async () => {
      const reply = await tokenOf('pat', 'launch/patient patient/*.rs');
      expect(reply.body).to.include({ patient: 'p1', scope: 'launch/patient patient/*.rs' });
      expect((await introspected(reply.string('access_token'))).body).to.include({ active: true, patient: 'p1' });
      const [session] = await api.found('/Session?patient=Patient/p1&_sort=-_lastUpdated&_count=1');
      expect(session).to.deep.include({ patient: { reference: 'Patient/p1' }, user: { reference: 'User/pat' } });
    });

    it('anybody else chooses, and the choice stays for a refresh', async () => {
      const reply = await tokenOf('doc', 'launch/patient patient/*.rs offline_access', 'p2');
      expect(reply.at('patient')).to.equal('p2');
      const form = { grant_type: 'refresh_token', client_id: 'app', client_secret: SECRET };
      const again = await api.granted({ ...form, refresh_token: reply.string('refresh_token') });
      expect(again.at('patient')).to.equal('p2');
      await api.expectValid('/Session?patient=Patient/p2');
      expect(await api.statusWith(again.string('access_token'), '/Observation/p1')).to.equal(404);
    });

    it('the page offers patients by name and date of birth, escaped', async () => {
      const [browser, page] = await begin('doc', 'launch/patient');
      expect(page.text).to.include('<h1>Choose a patient</h1>').and.include('Amy Adams').and.include('born 1970-01-31');
      expect(page.text).to.include('&lt;b&gt;Clark').and.not.include('<b>');
      expect(offered(page)).to.have.members(['p1', 'p2', 'p3']);
      const search = (fields: Query) => browser.send(page, { answer: 'search', ...fields });
      expect(offered(await search({ name: 'brown' }))).to.eql(['p2']);
      expect(offered(await search({ birthdate: '1970-01-31' }))).to.eql(['p1']);
      expect(offered(await search({ name: 'adams', birthdate: '1980-02-28' }))).to.eql([]);
      const wrong = await search({ birthdate: 'yesterday' });
      expect([wrong.status, wrong.text.includes('role="alert"')]).to.eql([403, true]);
      expect(
        (await granted(await browser.send(await search({ name: 'brown' }), { patient: 'p2' }))).at('patient'),
      ).to.equal('p2');
    });

    it('offers those alone that the person’s own policies show, and takes no other', async () => {
      const [browser, page] = await begin('narrow', 'launch/patient');
      expect(offered(page)).to.have.members(['p1', 'p3']);
      for (const patient of ['p2', 'none', '', '../p1', "' OR 1=1"]) {
        const again = await browser.send(page, { patient });
        expect([again.status, again.header('location')], patient).to.eql([200, '']);
      }
      expect((await granted(await browser.send(page, { patient: 'p1' }))).at('patient')).to.equal('p1');
      const [, none] = await begin('nobody', 'launch/patient');
      expect(offered(none)).to.eql([]);
    });

    it('a choice that may not be made any more when consent is given is asked for again', async () => {
      const [browser, picker] = await begin('narrow', 'launch/patient', { prompt: 'login consent' });
      const consent = await browser.send(picker, { patient: 'p3' });
      expect(consent.text).to.include('value="allow"');
      const patient = { name: [{ family: 'Clark' }] };
      await api.put('/Patient/p3', patient);
      expect(offered(await browser.send(consent, { answer: 'allow' }))).to.eql(['p1']);
      await api.put('/Patient/p3', { ...patient, managingOrganization: { reference: 'Organization/o' } });
      codeIn(await browser.send(consent, { answer: 'allow' }));
    });

    it('who was signed out meanwhile is asked for the password, not for a patient', async () => {
      await api.put('/User/tim', { password: 'correct-horse' });
      const [browser, picker] = await begin('tim', 'launch/patient');
      await api.put('/User/tim', { password: 'another-one' });
      const page = await browser.send(picker, { answer: 'search', name: 'adams' });
      expect(page.text).to.include('name="password"').and.not.include('Adams');
    });

    it('who may not be asked is told interaction_required', async () => {
      const [browser] = await begin('doc', 'openid');
      const back = await browser.open({ ...QUERY, scope: 'launch/patient', prompt: 'none' });
      expect(answerIn(back)).to.include({ error: 'interaction_required' });
    });

    const refreshed = async (reply: Reply, scope: string) => {
      const form = { grant_type: 'refresh_token', client_id: 'app', client_secret: SECRET, scope };
      return (await api.granted({ ...form, refresh_token: reply.string('refresh_token') })).string('access_token');
    };
    const statuses = (bearer: string, paths: string[]) =>
      Promise.all(paths.map((path) => api.statusWith(bearer, path)));

    it('without a scope that says more, it reaches the compartment of the patient and nothing else', async () => {
      const reply = await tokenOf('doc', 'openid launch/patient offline_access', 'p1');
      const bearer = reply.string('access_token');
      const outside = ['/Organization', '/Practitioner/d', '/User', '/Client'];
      expect(await statuses(bearer, ['/Patient/p1', '/Observation/p1', '/Observation'])).to.eql([200, 200, 200]);
      expect(await statuses(bearer, ['/Patient/p2', '/Observation/p2', ...outside])).to.eql([
        ...[404, 404],
        ...outside.map(() => 403),
      ]);
      expect((await api.request('GET', '/Patient?_summary=count', { as: { bearer } })).at('total')).to.equal(1);
      const patients = ['/Patient/p1', '/Patient/p2'];
      expect(await statuses(await refreshed(reply, 'launch/patient'), patients)).to.eql([200, 404]);
      expect(await statuses(await refreshed(reply, 'openid'), patients)).to.eql([403, 403]);
    });

    it('beside scopes that say more, it adds nothing to them, refreshed for itself either', async () => {
      const reply = await tokenOf('doc', 'launch/patient patient/Observation.r offline_access', 'p1');
      const paths = ['/Observation/p1', '/Patient/p1'];
      expect(await statuses(reply.string('access_token'), paths)).to.eql([200, 403]);
      expect(await statuses(await refreshed(reply, 'launch/patient'), paths)).to.eql([403, 403]);
    });

    it('the consent says what an app may do that asks for no more', async () => {
      const [browser, picker] = await begin('doc', 'launch/patient', { prompt: 'login consent' });
      const { text } = await browser.send(picker, { patient: 'p1' });
      expect(text).to.include('everything you may do with the records of Amy Adams').and.not.include('may do here');
    });

    it('a launch from an EHR is not given, and what else was asked for is', async () => {
      const reply = await tokenOf('pat', 'launch launch/encounter openid online_access patient/Patient.r');
      expect(reply.at('scope')).to.equal('openid patient/Patient.r');
      expect(reply.body).to.not.have.property('refresh_token');
    });
  });

  describe('scopes of patient/ reach the compartment of the patient', () => {
    let bearer: string;
    before(async () => {
      bearer = (await tokenOf('doc', 'launch/patient patient/*.cruds', 'p1')).string('access_token');
    });

    const ids = async (path: string, token = bearer) => {
      const reply = await api.request('GET', path, { as: { bearer: token } });
      expect(reply.status, reply.text).to.equal(200);
      return reply.list('entry').map((entry) => (entry as { resource: { id: string } }).resource.id);
    };
    const status = async (method: string, path: string, json?: object, token = bearer) =>
      (await api.request(method, path, { as: { bearer: token }, ...(json ? { json } : {}) })).status;

    it('in searches, totals, includes, chains and histories', async () => {
      for (const type of ['Patient', 'Observation', 'Condition', 'Encounter']) {
        expect(await ids(`/${type}`)).to.eql(['p1']);
        const counted = await api.request('GET', `/${type}?_summary=count`, { as: { bearer } });
        expect(counted.at('total')).to.equal(1);
        expect(new Set(await ids(`/${type}/_history`))).to.eql(new Set(['p1']));
      }
      expect(new Set(await ids('/_history'))).to.eql(new Set(['p1']));
      expect(await ids('/Observation?subject:Patient.name=bea')).to.eql([]);
      expect(await ids('/Patient?_has:Observation:subject:status=final')).to.eql(['p1']);
      expect(await ids('/Patient?_revinclude=Observation:subject')).to.eql(['p1', 'p1']);
    });

    it('in reads: what is outside is not there', async () => {
      for (const type of ['Patient', 'Observation', 'Condition']) {
        expect(await status('GET', `/${type}/p1`)).to.equal(200);
        expect(await status('GET', `/${type}/p2`)).to.equal(404);
        expect(await status('GET', `/${type}/p2/_history/1`)).to.equal(404);
      }
    });

    it('in writes: before and after', async () => {
      const observation = (id: string) => ({
        status: 'final',
        code: { text: 'y' },
        subject: { reference: `Patient/${id}` },
      });
      expect(await status('POST', '/Observation', observation('p1'))).to.equal(201);
      expect(await status('POST', '/Observation', observation('p2'))).to.equal(403);
      expect(await status('PUT', '/Observation/p1', observation('p2'))).to.equal(403);
      expect(await status('PUT', '/Observation/p2', observation('p1'))).to.equal(403);
      expect(await status('DELETE', '/Observation/p2')).to.equal(403);
      expect(await status('PUT', '/Observation/p1', observation('p1'))).to.equal(200);
    });

    it('in Bundles', async () => {
      const entry = ['p1', 'p2'].map((id) => ({ request: { method: 'GET', url: `Patient/${id}` } }));
      const reply = await api.request('POST', '/', {
        as: { bearer },
        json: { resourceType: 'Bundle', type: 'batch', entry },
      });
      const statuses = reply.list('entry').map((each) => (each as { response: { status: string } }).response.status);
      expect(statuses.map((text) => text.slice(0, 3))).to.eql(['200', '404']);
    });

    it('and no type that has no part in it', async () => {
      for (const type of ['Practitioner', 'Organization', 'User', 'Client', 'Session', 'AccessPolicy']) {
        const reply = await api.request('GET', `/${type}`, { as: { bearer } });
        expect(reply.status).to.equal(403);
        expect(reply.header('www-authenticate')).to.include('insufficient_scope');
      }
    });

    it('as far as their letters and types go, and beside scopes that reach further', async () => {
      const some = (await tokenOf('doc', 'launch/patient patient/Observation.rs user/Condition.r', 'p1')).string(
        'access_token',
      );
      expect(new Set(await ids('/Observation', some)))
        .to.include('p1')
        .and.not.include('p2');
      expect(await status('GET', '/Condition/p2', undefined, some)).to.equal(200);
      expect(await status('GET', '/Condition', undefined, some)).to.equal(403);
      expect(await status('GET', '/Patient/p1', undefined, some)).to.equal(403);
      expect(await status('DELETE', '/Observation/p1', undefined, some)).to.equal(403);
    });

    it('and never further than the person’s policies', async () => {
      const narrow = (await tokenOf('narrow', 'launch/patient patient/*.rs', 'p3')).string('access_token');
      expect(await ids('/Patient', narrow)).to.eql(['p3']);
      expect(await status('GET', '/Patient/p1', undefined, narrow)).to.equal(404);
      expect(await status('GET', '/Observation', undefined, narrow)).to.equal(403);
    });

    it('a token with such scopes and no patient gets nothing', async () => {
      // Given for another server, which may know a patient, and good at this one, too.
      const scope = ['patient/*.cruds', 'launch/patient'];
      await api.put('/Client/both', { secret: SECRET, grant_types: ['password'], scope });
      const key = `grant_type=password&client_id=both&client_secret=${SECRET}`;
      const audience = `audience=${encodeURIComponent(api.issuer)}&audience=https://other.example`;
      const reply = await api.granted(`${key}&username=pat&password=correct-horse&${audience}`);
      expect(reply.at('scope')).to.equal(scope.join(' '));
      const none = reply.string('access_token');
      for (const path of ['/Patient/p1', '/Patient', '/Observation']) {
        expect(await status('GET', path, undefined, none)).to.equal(403);
      }
    });
  });
});
