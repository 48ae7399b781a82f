/** The policies that the pages show are taken as they stand there, and do what is said of them. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { load } from 'js-yaml';
import { after, before, describe, it } from 'mocha';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

const EXAMPLES = ['docs/policies.md', 'docs/rows.md'].flatMap((page) =>
  [...readFileSync(page, 'utf8').matchAll(/```yaml\n(engine: .*?)```/gs)].map(([, yaml = '']) => yaml),
);
const SECRET = 'office-secret';

describe('policies: examples', () => {
  let api: Api;
  before(async () => {
    api = await startApi({ TRUSTED_PROXIES: '127.0.0.1' });
    for (const [at, yaml] of EXAMPLES.entries()) {
      const reply = await api.request('PUT', `/AccessPolicy/example-${at}`, { as: asRoot, yaml });
      expect(reply.status, reply.text).to.equal(201);
    }
  });
  after(() => api.stop());

  const bearerOf = async (form: Record<string, string>) => ({
    bearer: (await api.granted(form)).string('access_token'),
  });

  it('there are some of each engine', () => {
    const engines = EXAMPLES.map((yaml) => (load(yaml) as { engine: string }).engine);
    expect(new Set(engines)).to.eql(new Set(['allow', 'matcho', 'complex', 'criteria']));
  });

  it('a role and an operation have both to hold', async () => {
    await api.put('/Client/page', { secret: SECRET, grant_types: ['password'] });
    await api.put('/Patient/seen', { active: true });
    for (const [userName, role] of [
      ['dora', 'doctor'],
      ['ned', 'nurse'],
    ] as const) {
      const roles = [{ value: role }];
      await api.put(`/User/${userName}`, { userName, password: 'correct-horse', roles, data: { patient: 'seen' } });
    }
    const login = (username: string) =>
      bearerOf({
        grant_type: 'password',
        client_id: 'page',
        client_secret: SECRET,
        username,
        password: 'correct-horse',
      });
    const doctor = await login('dora');
    const nurse = await login('ned');
    expect((await api.request('GET', '/Patient/seen', { as: doctor })).status).to.equal(200);
    expect((await api.request('DELETE', '/Patient/seen', { as: doctor })).status).to.equal(403);
    expect((await api.request('GET', '/Patient/seen', { as: nurse })).status).to.equal(403);
    expect((await api.request('GET', '/Observation?patient=seen', { as: nurse })).status).to.equal(200);
    expect((await api.request('GET', '/Observation?patient=other', { as: nurse })).status).to.equal(403);
  });

  it('all of a combination have to hold', async () => {
    await api.put('/Client/office', { secret: SECRET, grant_types: ['client_credentials'] });
    await api.put('/Patient/there', { active: true });
    await api.put('/Patient/gone', { active: false });
    const as = await bearerOf({ grant_type: 'client_credentials', client_id: 'office', client_secret: SECRET });
    const put = async (path: string, address: string, json: object) =>
      (await api.request('PUT', path, { as, json, headers: { 'x-forwarded-for': address } })).status;
    expect(await put('/Patient/there', '192.0.2.7', { active: true, gender: 'other' })).to.equal(200);
    expect(await put('/Patient/there', '198.51.100.7', { active: true })).to.equal(403);
    expect(await put('/Patient/gone', '192.0.2.7', { active: true })).to.equal(403);
    expect(await put('/Patient/there', '192.0.2.7', { active: true, photo: [{ title: 'x' }] })).to.equal(403);
    const photo = { active: true, photo: [{ title: 'x' }] };
    for (const gone of [
      { method: 'PUT', json: { active: true } },
      { method: 'PATCH', json: { photo: null } },
    ]) {
      await api.put('/Patient/there', photo);
      const { method, json } = gone;
      const type = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {};
      const headers = { ...type, 'x-forwarded-for': '192.0.2.7' };
      expect((await api.request(method, '/Patient/there', { as, json, headers })).status, method).to.equal(200);
    }
  });
});
