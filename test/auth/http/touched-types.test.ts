/** Leak through chains and _has: another type that a search touches is judged as the caller's own search of it. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from './api.ts';

const SECRET = 'app-secret';

describe('the types that a search touches', () => {
  let api: Api;
  let bearer: string;
  before(async () => {
    api = await startApi();
    await api.put('/Client/app', { secret: SECRET, grant_types: ['password'], name: 'The application' });
    await api.put('/Client/monitor', { secret: SECRET, grant_types: ['client_credentials'] });
    await api.put('/User/ann', { email: 'ann@example.com', password: 'correct-horse' });
    const link = ['Session.search', 'Patient.search'].map((id) => ({ resourceType: 'Operation', id }));
    await api.put('/AccessPolicy/monitor', { engine: 'allow', link: [{ reference: 'Client/monitor' }, ...link] });
    const key = { client_secret: SECRET, client_id: 'app' };
    await api.granted({ ...key, grant_type: 'password', username: 'ann', password: 'correct-horse' });
    const own = { grant_type: 'client_credentials', client_id: 'monitor', client_secret: SECRET };
    bearer = (await api.granted(own)).string('access_token');
  });
  after(() => api.stop());

  const ask = (path: string, method = 'GET', form?: string) =>
    api.request(method, path, { as: { bearer }, ...(form === undefined ? {} : { form }) });

  const leaking: [why: string, path: string, type: string][] = [
    ['a chain: does a Client of this name exist?', '/Session?client.name=The', 'Client'],
    ['a chain to a person', '/Session?user.email=ann@example.com', 'User'],
    ['a chain with a type', '/Session?user:User.email=ann@example.com', 'User'],
    ['a chain that finds nothing', '/Session?user.email=nobody@example.com', 'User'],
    ['a chain counted alone', '/Session?user.email=ann@example.com&_summary=count', 'User'],
    ['a chain with an exact total', '/Session?client.name=The&_total=accurate', 'Client'],
    ['_has of a type of our own', '/User?_has:Session:user:active=true', 'User'],
    ['a chain beside a good parameter', '/Session?active=true&user.email=ann@example.com', 'User'],
  ];
  for (const [why, path, type] of leaking) {
    it(`${why}: 403 until ${type} may be searched`, async () => {
      const reply = await ask(path);
      expect(reply.status, reply.text).to.equal(403);
      expect(reply.text).to.not.match(/"total"|"entry"/);
      await api.put('/AccessPolicy/more', {
        engine: 'allow',
        link: [{ reference: 'Client/monitor' }, { resourceType: 'Operation', id: `${type}.search` }],
      });
      expect((await ask(path)).status, `with ${type}.search`).to.equal(200);
      await api.remove('/AccessPolicy/more');
      expect((await ask(path)).status).to.equal(403);
    });
  }

  it('_has by a caller who may search the type itself, but not the one that refers to it', async () => {
    const link = (...operations: string[]) => ({
      engine: 'allow',
      link: [{ reference: 'User/ann' }, ...operations.map((id) => ({ resourceType: 'Operation', id }))],
    });
    await api.put('/AccessPolicy/ann', link('User.search'));
    const form = {
      grant_type: 'password',
      client_id: 'app',
      client_secret: SECRET,
      username: 'ann',
      password: 'correct-horse',
    };
    const as = { bearer: (await api.granted(form)).string('access_token') };
    const path = '/User?_has:Session:user:active=true';
    expect((await api.request('GET', '/User', { as })).status).to.equal(200);
    expect((await api.request('GET', path, { as })).status).to.equal(403);
    await api.put('/AccessPolicy/ann', link('User.search', 'Session.search'));
    expect((await api.request('GET', path, { as })).status).to.equal(200);
    await api.remove('/AccessPolicy/ann');
  });

  it('leak through the type itself: what is not among the matches is judged as a search of its own', async () => {
    await api.put('/Client/portal', { secret: SECRET, grant_types: ['basic'] });
    for (const id of ['own', 'other']) await api.put(`/Patient/${id}`, {});
    const about = (id: string, more: object = {}) => ({
      status: 'final',
      code: { text: id },
      subject: { reference: `Patient/${id}` },
      ...more,
    });
    await api.put('/Observation/member', about('other'));
    await api.put('/Observation/own', about('own', { hasMember: [{ reference: 'Observation/member' }] }));
    await api.put('/Observation/derived', about('other', { derivedFrom: [{ reference: 'Observation/own' }] }));
    await api.put('/AccessPolicy/portal', {
      engine: 'matcho',
      matcho: { operation: { id: 'Observation.search' }, params: { patient: 'own' } },
      link: [{ reference: 'Client/portal' }],
    });
    const as = { basic: ['portal', SECRET] } as const;
    const search = (query: string) => api.request('GET', `/Observation?patient=own&${query}`, { as });
    for (const query of ['', '_include=Observation:has-member', '_revinclude=Observation:derived-from', '_include=*']) {
      const reply = await search(query);
      expect(reply.status, reply.text).to.equal(200);
      expect(reply.text.match(/"fullUrl":"[^"]*"/g), query).to.have.length(1);
    }
    for (const query of [
      'has-member.patient=other',
      'has-member:Observation.code:text=other',
      '_has:Observation:derived-from:patient=other',
      '_has:Observation:derived-from:patient=none',
    ]) {
      expect((await search(query)).status, query).to.equal(403);
    }
    await api.put('/AccessPolicy/portal-all', {
      engine: 'allow',
      link: [{ reference: 'Client/portal' }, { reference: 'Operation/Observation.search' }],
    });
    expect((await search('_include=Observation:has-member')).text).to.include('Observation/member"');
    expect((await search('_has:Observation:derived-from:patient=other')).at('total')).to.equal(1);
  });

  it('the same by POST', async () => {
    expect((await ask('/Session/_search', 'POST', 'user.email=ann@example.com')).status).to.equal(403);
    expect((await ask('/Session/_search', 'POST', 'active=true')).status).to.equal(200);
  });

  it('a reference by itself touches no other type', async () => {
    for (const query of ['client=app', 'user=User/ann', 'client=Client/app&user=ann', 'user:missing=false']) {
      expect((await ask(`/Session?${query}`)).status, query).to.equal(200);
    }
  });

  it('lenient handling does not let a chain pass unjudged', async () => {
    const headers = { prefer: 'handling=lenient', authorization: `Bearer ${bearer}` };
    expect((await api.request('GET', '/Session?user.email=ann@example.com', { headers })).status).to.equal(403);
  });

  it('searching or sorting by a secret, a hash or a dotted sub-field is no way to one', async () => {
    await api.put('/AccessPolicy/more', { engine: 'allow', link: [{ reference: 'Client/monitor' }] });
    for (const query of [
      '/User?password=correct-horse',
      '/User?_sort=password',
      '/Client?secret=app-secret',
      '/Client?_sort=-secret',
      '/Session?user.password=correct-horse',
      '/Session?client.secret=app-secret',
      '/Client?secret:missing=false',
      '/User?password:contains=horse',
      '/User?credential.hash=x',
      '/Client?auth.password.secret_required=true',
    ]) {
      expect((await ask(query)).status, query).to.equal(400);
    }
    for (const path of [
      '/User/ann',
      '/User',
      '/User/ann/_history',
      '/User?_elements=password',
      '/Client?_elements=secret',
      '/Client',
    ]) {
      const { text, status } = await ask(path);
      expect(status, path).to.equal(200);
      expect(text, path).to.not.match(/correct-horse|app-secret|argon2|"password"\s*:\s*"|"secret"\s*:/);
    }
    await api.remove('/AccessPolicy/more');
  });
});
