/** What a policy with criteria permits a caller to create. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import type { RequestOptions } from '../harness/http.ts';
import { APP, narrowed } from '../search/narrowed.ts';

describe('rows and what is made', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    await narrowed(api);
  });
  after(() => api.stop());

  const ask = (method: string, path: string, options?: RequestOptions) =>
    api.request(method, path, { as: APP, ...options });

  it('a PUT by criteria that makes one is a create where rows are all that is permitted', async () => {
    const permit = (interaction: string[]) =>
      api.put('/AccessPolicy/locations', {
        engine: 'criteria',
        link: [{ reference: 'Client/app' }],
        resource: 'Location',
        interaction,
        criteria: 'status=active',
      });
    const put = (name: string) =>
      ask('PUT', `/Location?name=${name}`, { json: { resourceType: 'Location', name, status: 'active' } });
    const entry = (name: string) => ({
      request: { method: 'PUT', url: `Location?name=${name}` },
      resource: { resourceType: 'Location', name, status: 'active' },
    });
    const transact = (name: string) =>
      ask('POST', '/', { json: { resourceType: 'Bundle', type: 'transaction', entry: [entry(name)] } });
    await permit(['search', 'update']);
    expect([(await put('one')).status, (await transact('two')).status]).to.eql([403, 403]);
    expect((await ask('GET', '/Location')).list('entry')).to.eql([]);
    await permit(['search', 'update', 'create']);
    expect([(await put('one')).status, (await transact('two')).status]).to.eql([201, 200]);
    await permit(['search', 'update']);
    expect([(await put('one')).status, (await transact('two')).status]).to.eql([200, 200]);
  });

  it('the create that a PUT by criteria comes to has the headers of its entry, not of the Bundle', async () => {
    const link = [{ reference: 'Client/app' }];
    const rows = {
      engine: 'criteria',
      resource: 'Location',
      interaction: ['search', 'update'],
      criteria: 'status=active',
    };
    await api.put('/AccessPolicy/locations', { ...rows, link });
    const matcho = { operation: { id: 'Location.create' }, headers: { 'if-none-match': 'present?' } };
    await api.put('/AccessPolicy/creates', { engine: 'matcho', matcho, link });
    const put = async (name: string, more: object) => {
      const resource = { resourceType: 'Location', name, status: 'active' };
      const entry = [{ request: { method: 'PUT', url: `Location?name=${name}`, ...more }, resource }];
      const json = { resourceType: 'Bundle', type: 'batch', entry };
      return (await ask('POST', '/', { json, headers: { 'if-none-match': '*' } })).at('entry.0.response.status');
    };
    expect([await put('three', {}), await put('four', { ifNoneMatch: '*' })]).to.eql(['403', '201']);
    await api.remove('/AccessPolicy/creates');
  });
});
