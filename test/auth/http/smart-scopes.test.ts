/** SMART scopes narrow what policies permit (https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Reply, RequestOptions } from '../../harness/http.ts';
import { type Api, refusal, startApi } from './api.ts';

const SECRET = 'app-secret';

interface Probe {
  letter: string;
  method: string;
  path: string;
  init?: RequestOptions;
}

/** One request a letter of `.cruds`, on a type. */
const PROBES: Probe[] = [
  { letter: 'c', method: 'POST', path: '/Patient', init: { json: { gender: 'male' } } },
  { letter: 'r', method: 'GET', path: '/Patient/p1' },
  { letter: 'u', method: 'PUT', path: '/Patient/p2', init: { json: { gender: 'male' } } },
  { letter: 'd', method: 'DELETE', path: '/Patient/p3' },
  { letter: 's', method: 'GET', path: '/Patient' },
];

describe('SMART scopes', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    await api.put('/Client/app', {
      secret: SECRET,
      grant_types: ['client_credentials', 'password'],
      auth: { client_credentials: { refresh_token: true } },
    });
    await api.put('/User/ann', { password: 'correct-horse' });
    await api.put('/Patient/p1', { gender: 'male' });
    await api.put('/AccessPolicy/all', {
      engine: 'allow',
      link: [{ reference: 'Client/app' }, { reference: 'User/ann' }],
    });
  });
  after(() => api.stop());

  const key = { client_id: 'app', client_secret: SECRET };
  const tokenOf = async (scope: string, more: object = { grant_type: 'client_credentials' }) =>
    (await api.granted({ ...key, ...more, scope } as Record<string, string>)).string('access_token');
  const permitted = async (bearer: string) => {
    let letters = '';
    for (const { letter, method, path, init } of PROBES) {
      const reply = await api.request(method, path, { ...init, as: { bearer } });
      if (reply.status !== 403) letters += letter;
      else {
        const challenge = new RegExp(`error="insufficient_scope", scope="(user|system)/Patient\\.${letter}"$`);
        expect(reply.header('www-authenticate')).to.match(challenge);
      }
    }
    return letters;
  };

  const rows: [scope: string, letters: string][] = [
    ['', 'cruds'],
    ['openid profile', 'cruds'],
    ['system/*.cruds', 'cruds'],
    ['system/*.*', 'cruds'],
    ['system/*.read', 'rs'],
    ['system/*.write', 'cud'],
    ['system/Patient.rs', 'rs'],
    ['system/Patient.s', 's'],
    ['system/Patient.cu', 'cu'],
    ['user/Patient.r', 'r'],
    ['system/Patient.r system/Patient.s', 'rs'],
    ['system/Observation.cruds', ''],
    ['system/Patient.sr system/Patient.d', 'd'],
    ['system/Patient.rs?gender=male system/Patient.d', 'd'],
    ['patient/Patient.rs system/Patient.r', 'r'],
    ['openid system/Patient.r', 'r'],
  ];
  for (const [scope, letters] of rows) {
    it(`'${scope}' permits '${letters}'`, async () => {
      expect(await permitted(scope === '' ? await tokenOf('') : await tokenOf(scope))).to.equal(letters);
    });
  }

  for (const [path, needed] of [
    ['/Patient/_history', 's'],
    ['/_history', 's'],
    ['/Patient/p1/_history', 'r'],
    ['/Patient/p1/_history/1', 'r'],
  ] as const) {
    it(`the history of a type is a search to scopes: ${path} needs ${needed}`, async () => {
      await api.put('/Patient/p1', { gender: 'male' });
      const replies = new Map<string, Reply>();
      for (const letter of 'cruds') {
        const bearer = await tokenOf(`system/Patient.${letter}`);
        replies.set(letter, await api.request('GET', path, { as: { bearer } }));
      }
      const permitting = [...replies].filter(([, { status }]) => status === 200).map(([letter]) => letter);
      expect(permitting).to.eql([needed]);
      const challenge = `error="insufficient_scope", scope="system/Patient.${needed}"`;
      if (path !== '/_history') expect(replies.get('c')?.header('www-authenticate')).to.include(challenge);
    });
  }

  for (const scope of [
    'system/patient.cruds',
    'system/Patient.sr',
    'system/Patient.',
    'system/Patient',
    'system/Patient.rs?gender=male',
    'openid patient/Bogus.zz',
  ]) {
    it(`'${scope}' permits nothing: no token is given that would reach further`, async () => {
      for (const grant of [
        { grant_type: 'client_credentials' },
        { grant_type: 'password', username: 'ann', password: 'correct-horse' },
      ]) {
        expect(refusal(await api.token({ ...key, ...grant, scope }))).to.equal('400 invalid_scope');
      }
    });
  }

  const login = { grant_type: 'password', username: 'ann', password: 'correct-horse' };
  for (const grant of [{ grant_type: 'client_credentials' }, login]) {
    it(`${grant.grant_type} has no patient: scopes that need one are not given`, async () => {
      const none = [
        ...['patient/*.cruds', 'launch/patient', 'openid patient/Patient.rs', 'launch/patient patient/*.rs'],
        'openid launch/patient',
      ];
      for (const scope of none) {
        expect(refusal(await api.token({ ...key, ...grant, scope })), scope).to.equal('400 invalid_scope');
      }
      const scope = 'openid launch/patient patient/Patient.rs user/Patient.r';
      expect((await api.granted({ ...key, ...grant, scope })).at('scope')).to.equal('openid user/Patient.r');
      await api.put('/Client/listing', {
        secret: SECRET,
        grant_types: ['client_credentials', 'password'],
        scope: ['patient/Patient.rs', 'user/Patient.s'],
      });
      const listing = await api.granted({ ...key, ...grant, client_id: 'listing' });
      expect(listing.at('scope')).to.equal('user/Patient.s');
    });
  }

  it('the answer says which scopes were given', async () => {
    const scope = 'openid system/Patient.rs?gender=male system/Patient.r';
    const reply = await api.granted({ ...key, grant_type: 'client_credentials', scope });
    expect(reply.at('scope')).to.equal('openid system/Patient.r');
  });

  it('holds for users as for clients', async () => {
    expect(await permitted(await tokenOf('user/Patient.rs', login))).to.equal('rs');
  });

  it('never widens: what no policy permits stays refused', async () => {
    await api.put('/Client/bare', { secret: SECRET, grant_types: ['client_credentials'] });
    const bearer = await tokenOf('system/*.cruds', { grant_type: 'client_credentials', client_id: 'bare' });
    const reply = await api.request('GET', '/Patient', { as: { bearer } });
    expect(reply.status).to.equal(403);
    expect(reply.headers).to.not.have.property('www-authenticate');
  });

  it('a token refreshed with fewer scopes, none of them SMART’s, does not reach further for it', async () => {
    const reply = await api.granted({ ...key, grant_type: 'client_credentials', scope: 'openid system/Patient.r' });
    const form = { ...key, grant_type: 'refresh_token', refresh_token: reply.string('refresh_token') };
    const narrowed = await api.granted({ ...form, scope: 'openid' });
    expect(await permitted(narrowed.string('access_token'))).to.equal('');
  });

  it('a Client that lists scopes of SMART is bound by them, also where it asks for others alone', async () => {
    const listing = { client_id: 'listing-some', client_secret: SECRET };
    const client = { secret: SECRET, grant_types: ['client_credentials', 'password'] };
    await api.put('/Client/listing-some', { ...client, scope: ['openid', 'launch/patient', 'user/Patient.rs'] });
    await api.put('/AccessPolicy/listing-some', { engine: 'allow', link: [{ reference: 'Client/listing-some' }] });
    for (const grant of [{ grant_type: 'client_credentials' }, login]) {
      const token = (scope: string) => tokenOf(scope, { ...listing, ...grant });
      expect(await permitted(await token(''))).to.equal('rs');
      expect(await permitted(await token('openid')), 'without those of SMART').to.equal('');
    }
    await api.put('/Client/listing-some', client);
    const free = await tokenOf('', { ...listing, grant_type: 'client_credentials' });
    expect(await permitted(free)).to.equal('cruds');
    await api.put('/Client/listing-some', { ...client, scope: ['openid', 'user/Patient.rs'] });
    expect(await permitted(free), 'once it lists some').to.equal('');
  });

  it('covers the other types of a search too', async () => {
    const bearer = await tokenOf('system/Session.rs');
    const reply = await api.request('GET', '/Session?client.name=x', { as: { bearer } });
    expect(reply.status).to.equal(403);
    expect((await api.request('GET', '/Session?client=app', { as: { bearer } })).status).to.equal(200);
  });
});
