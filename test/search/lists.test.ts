/** `_list`: what the entries of a List refer to (https://hl7.org/fhir/R4/search.html#list). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import { asRoot } from '../harness/server.ts';
import { finds } from './finds.ts';
import { APP, narrowed } from './narrowed.ts';

const LISTS: Record<string, string[]> = {
  some: ['Patient/ann', 'https://ward.example/fhir/Patient/bo', 'Observation/of-cy', 'Patient/nobody'],
  others: ['Patient/cy', 'https://else.example/Patient/ann'],
};

describe('Lists', () => {
  let api: Api;

  before(async () => {
    api = await startApi({ BASE_URL: 'https://ward.example' });
    for (const id of ['ann', 'bo', 'cy']) {
      await api.put(`/Patient/${id}`, { gender: id === 'bo' ? 'male' : 'female' });
      const subject = { reference: `Patient/${id}` };
      await api.put(`/Observation/of-${id}`, { status: 'final', code: { text: 'x' }, subject });
    }
    for (const [id, references] of Object.entries(LISTS)) {
      const entry = references.map((reference) => ({ item: { reference } }));
      await api.put(`/List/${id}`, { status: 'current', mode: 'working', entry });
    }
    await api.put('/List/empty', { status: 'current', mode: 'working' });
  });
  after(() => api.stop());

  finds(() => api, '§3.1.1.4', [
    ['what is in a list, of the type that is searched', '/Patient?_list=some', 'ann bo'],
    ['and of another', '/Observation?_list=some', 'of-cy'],
    ['in any of several', '/Patient?_list=others,some', 'ann bo cy'],
    ['in all of several', '/Patient?_list=others&_list=some', ''],
    ['beside another criterion, in an order', '/Patient?_list=some,others&gender=female&_sort=-_id', 'cy ann'],
    ['in an empty one', '/Patient?_list=empty', ''],
    ['in one that there is not', '/Patient?_list=nothing', ''],
    ['through a chain', '/Observation?subject:Patient._list=others', 'of-cy'],
    ['through _has', '/Patient?_has:Observation:patient:_list=some', 'cy'],
    ['as _has finds it', '/Patient?_has:List:item:_id=some', 'ann bo'],
  ]);

  it('is named by its id alone', async () => {
    for (const value of ['$current-problems', 'List/some', 'https://ward.example/List/some', 'some|1']) {
      const reply = await api.request('GET', `/Patient?_list=${value}`, { as: asRoot });
      expect([reply.status, reply.at('issue.0.code')], value).to.eql([400, 'invalid']);
      expect(reply.string('issue.0.diagnostics')).to.include(`must be the id of a List on this server, not "${value}"`);
    }
    const modified = await api.request('GET', '/Patient?_list:not=some', { as: asRoot });
    expect([modified.status, modified.at('issue.0.code')]).to.eql([400, 'not-supported']);
  });

  it('leak through lists: they are judged as the caller would search them', async () => {
    const policy = await narrowed(api);
    const seen = async (query: string) => {
      const reply = await api.request('GET', query, { as: APP });
      return reply.status === 200
        ? reply.list('entry').map((_, at) => reply.string(`entry.${at}.resource.id`))
        : reply.status;
    };
    await policy('Patient', 'gender=female,male');
    expect(await seen('/Patient?_list=some')).to.equal(403);
    await policy('List', '_id=others');
    expect(await seen('/Patient?_list=some')).to.eql([]);
    expect(await seen('/Patient?_list=others')).to.eql(['cy']);
    await policy('Patient', '_list=some');
    expect(await seen('/Patient')).to.eql(['ann', 'bo']);
    expect((await api.request('GET', '/Patient/ann', { as: APP })).status).to.equal(200);
    expect((await api.request('GET', '/Patient/cy', { as: APP })).status).to.equal(404);
  });

  it('a list counts as it is now', async () => {
    const put = (id: string) =>
      api.put('/List/late', { status: 'current', mode: 'working', entry: [{ item: { reference: `Patient/${id}` } }] });
    const ids = async () => (await api.found('/Patient?_list=late')).map(({ id }) => id);
    await put('ann');
    expect(await ids()).to.eql(['ann']);
    await put('bo');
    expect(await ids()).to.eql(['bo']);
    await api.remove('/List/late');
    expect(await ids()).to.eql([]);
  });
});
