/** Texts longer than what an index row holds: what is found of them, and what is refused. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import { asRoot } from '../harness/server.ts';

const START = 'a needle '.padEnd(500, 'x');

describe('Long texts', () => {
  let api: Api;

  before(async () => {
    api = await startApi();
    for (const [id, end] of [
      ['one', ' and one'],
      ['two', ' and two'],
    ]) {
      await api.put(`/ValueSet/${id}`, { status: 'draft', description: START + end });
    }
  });
  after(() => api.stop());

  const ids = async (parameter: string, text: string) => {
    const found = await api.found(`/ValueSet?${parameter}=${encodeURIComponent(text)}`);
    return found.map(({ id }) => id).join(' ');
  };

  it('are found by their first 500 characters, and by a part of these', async () => {
    expect(await ids('description', START)).to.equal('one two');
    expect(await ids('description:contains', 'needle')).to.equal('one two');
  });

  it('a part behind those is not found, as the documentation says', async () => {
    expect(await ids('description:contains', 'and one')).to.equal('');
  });

  it('are told apart by :exact', async () => {
    expect(await ids('description:exact', `${START} and two`)).to.equal('two');
    expect(await ids('description:exact', `${START} and three`)).to.equal('');
  });

  it('a value longer than is compared is refused: it would find what does not start with it', async () => {
    for (const parameter of ['description', 'description:contains', 'code:text']) {
      const query = `/ValueSet?${parameter}=${encodeURIComponent(`${START} and three`)}`;
      const reply = await api.request('GET', query.replace('ValueSet?code', 'Observation?code'), { as: asRoot });
      expect(reply.status, parameter).to.equal(400);
      expect(reply.string('issue.0.diagnostics')).to.include(`${parameter}: give at most 500 characters`);
    }
  });
});
