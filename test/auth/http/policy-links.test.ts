import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import type { Identity } from '../../harness/http.ts';
import { type Api, startApi } from './api.ts';

const SECRET = 'app-secret';
type Who = 'anonymous' | 'client' | 'other' | 'doctor' | 'nurse';

describe('whom a policy is linked to', () => {
  let api: Api;
  let identities: Record<Who, Identity | undefined>;
  before(async () => {
    api = await startApi();
    for (const id of ['app', 'other']) {
      await api.put(`/Client/${id}`, { secret: SECRET, grant_types: ['password', 'client_credentials', 'basic'] });
    }
    await api.put('/User/doctor-1', { password: 'correct-horse', roles: [{ value: 'doctor' }, { value: 'staff' }] });
    await api.put('/User/nurse-1', { password: 'correct-horse', roles: [{ value: 'nurse' }, { value: 'staff' }] });
    await api.put('/Patient/p1', { name: [{ family: 'Smith' }] });
    const key = { client_id: 'app', client_secret: SECRET };
    const login = async (username: string) => {
      const form = { grant_type: 'password', ...key, username, password: 'correct-horse' };
      return { bearer: (await api.granted(form)).string('access_token') };
    };
    identities = {
      anonymous: undefined,
      client: { bearer: (await api.granted({ grant_type: 'client_credentials', ...key })).string('access_token') },
      other: { basic: ['other', SECRET] },
      doctor: await login('doctor-1'),
      nurse: await login('nurse-1'),
    };
  });
  after(() => api.stop());
  afterEach(() => api.remove('/AccessPolicy/tried'));

  const link = (...links: object[]) => api.put('/AccessPolicy/tried', { engine: 'allow', link: links });
  const status = async (who: Who, method = 'GET', path = '/Patient/p1') => {
    const as = identities[who];
    return (await api.request(method, path, as ? { as } : {})).status;
  };
  const ALL: Who[] = ['anonymous', 'client', 'other', 'doctor', 'nurse'];
  const reading = async () => {
    const statuses = await Promise.all(ALL.map((who) => status(who)));
    return ALL.filter((_, at) => statuses[at] === 200);
  };

  it('without any policy nobody passes: 401 for the anonymous, 403 for everyone else', async () => {
    expect(await Promise.all(ALL.map((who) => status(who)))).to.eql([401, 403, 403, 403, 403]);
    await api.put('/AccessPolicy/tried', { engine: 'allow', link: [{ reference: 'Client/nobody' }] });
  });

  const rows: [why: string, links: object[] | undefined, passing: Who[]][] = [
    ['no link: everyone, the anonymous too', undefined, ALL],
    ['a Client by reference: its own requests, not those of its users', [{ reference: 'Client/app' }], ['client']],
    ['a Client by resourceType and id', [{ resourceType: 'Client', id: 'app' }], ['client']],
    ['a Client by Basic', [{ reference: 'Client/other' }], ['other']],
    ['a User by reference', [{ reference: 'User/doctor-1' }], ['doctor']],
    ['a User by resourceType and id', [{ resourceType: 'User', id: 'nurse-1' }], ['nurse']],
    ['a Role by resourceType and id', [{ resourceType: 'Role', id: 'doctor' }], ['doctor']],
    ['a Role by reference', [{ reference: 'Role/staff' }], ['doctor', 'nurse']],
    [
      'several principals: any of them',
      [{ reference: 'Client/other' }, { reference: 'Role/nurse' }],
      ['other', 'nurse'],
    ],
    ['an Operation: everyone, for that operation', [{ reference: 'Operation/Patient.read' }], ALL],
    ['another Operation', [{ resourceType: 'Operation', id: 'Patient.search' }], []],
    [
      'a principal and an Operation: both',
      [{ reference: 'User/doctor-1' }, { reference: 'Operation/Patient.read' }],
      ['doctor'],
    ],
    [
      'a principal and another Operation',
      [{ reference: 'User/doctor-1' }, { reference: 'Operation/Patient.update' }],
      [],
    ],
    [
      'several Operations: any of them',
      [{ reference: 'Operation/Patient.update' }, { reference: 'Operation/Patient.read' }],
      ALL,
    ],
    ['dangling link', [{ reference: 'Client/nobody' }, { reference: 'User/nobody' }, { reference: 'Role/nobody' }], []],
    [
      'an id in another case',
      [{ reference: 'Client/App' }, { reference: 'User/Doctor-1' }, { reference: 'Role/Doctor' }],
      [],
    ],
    ['the id of a Client as a User', [{ reference: 'User/app' }], []],
    ['the name of a role as a User', [{ reference: 'User/doctor' }], []],
    ['the type in another case', [{ reference: 'Operation/Observation.read' }], []],
  ];
  for (const [why, links, passing] of rows) {
    it(`${why}`, async () => {
      await (links ? link(...links) : api.put('/AccessPolicy/tried', { engine: 'allow' }));
      expect(await reading()).to.eql(passing);
    });
  }

  it('an Operation link opens that interaction alone', async () => {
    await link({ reference: 'Client/app' }, { reference: 'Operation/Patient.read' });
    const statuses = await Promise.all([
      status('client'),
      status('client', 'GET', '/Patient'),
      status('client', 'GET', '/Patient/p1/_history'),
      status('client', 'GET', '/Patient/p1/_history/1'),
      status('client', 'DELETE'),
      status('client', 'GET', '/User/doctor-1'),
    ]);
    expect(statuses).to.eql([200, 403, 403, 403, 403, 403]);
  });

  it('policy deleted mid-token: it holds from the next request', async () => {
    await link({ reference: 'Client/app' });
    expect(await status('client')).to.equal(200);
    await api.remove('/AccessPolicy/tried');
    expect(await status('client')).to.equal(403);
    await link({ reference: 'Client/app' });
    expect(await status('client')).to.equal(200);
    await link({ reference: 'Client/other' });
    expect(await status('client')).to.equal(403);
  });

  it('a role that is taken away counts from the next request', async () => {
    await link({ reference: 'Role/doctor' });
    expect(await status('doctor')).to.equal(200);
    await api.put('/User/doctor-1', { roles: [{ value: 'staff' }] });
    expect(await status('doctor')).to.equal(403);
    await api.put('/User/doctor-1', { roles: [{ value: 'doctor' }, { value: 'staff' }] });
    expect(await status('doctor')).to.equal(200);
  });

  it('re-used id: a policy that names it holds again, tokens and secrets of the old one do not', async () => {
    await api.put('/Client/reused', { secret: SECRET, grant_types: ['client_credentials', 'basic'] });
    const form = { grant_type: 'client_credentials', client_id: 'reused', client_secret: SECRET };
    const bearer = (await api.granted(form)).string('access_token');
    await link({ reference: 'Client/reused' });
    expect(await api.statusWith(bearer)).to.equal(200);
    await api.remove('/Client/reused');
    expect(await api.statusWith(bearer)).to.equal(401);
    await api.put('/Client/reused', { grant_types: ['client_credentials', 'basic'] });
    expect(await api.statusWith(bearer)).to.equal(401);
    expect((await api.request('GET', '/Patient', { as: { basic: ['reused', SECRET] } })).status).to.equal(401);
  });
});
