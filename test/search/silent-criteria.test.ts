/** Policies whose value sets cannot be read: they show nothing, say nothing, and leave the others what they show. */
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { type Api, apiOf } from '../auth/http/api.ts';
import type { Identity, Reply } from '../harness/http.ts';
import type { ClockedServer } from '../harness/in-process.ts';
import { startServer, type TestServer } from '../harness/server.ts';
import { wholeLog } from '../server/whole-log.ts';

const SECRET_SET = 'http://secret.example/set';
const set = (url: string, code: string) => ({
  url,
  status: 'active',
  compose: { include: [{ system: 'urn:a', concept: [{ code }] }] },
});

describe('Value sets of policies', () => {
  let server: TestServer;
  let api: TestServer & Omit<Api, keyof ClockedServer>;
  const app: Identity = { basic: ['app', 'app-secret'] };
  const allow = (id: string, operation: string) =>
    api.put(`/AccessPolicy/${id}`, {
      engine: 'allow',
      link: [{ reference: 'Client/app' }, { reference: `Operation/${operation}` }],
    });
  const policy = (id: string, criteria: string) =>
    api.put(`/AccessPolicy/${id}`, {
      engine: 'criteria',
      link: [{ reference: 'Client/app' }],
      resource: 'Observation',
      criteria,
    });
  const ask = (path: string) => api.request('GET', path, { as: app });
  const idsOf = (reply: Reply): string => {
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.text).not.to.include('secret.example');
    const entries = reply.list('entry') as { resource: { id: string } }[];
    return entries.map(({ resource }) => resource.id).join(' ');
  };
  const problems = async () =>
    (await wholeLog(server)).split('\n').filter((line) => line.includes('matches nothing by'));

  before(async () => {
    server = await startServer();
    api = apiOf(server, server.baseUrl);
    await api.put('/Client/app', { secret: 'app-secret', grant_types: ['basic'] });
    for (const code of ['1', '2']) {
      const coded = { code: { coding: [{ system: 'urn:a', code }] }, status: 'final' };
      await api.put(`/Observation/o${code}`, coded);
    }
    await api.put('/DiagnosticReport/r1', {
      status: 'final',
      code: { text: 'r' },
      result: [{ reference: 'Observation/o1' }],
    });
    await api.put('/ValueSet/mine', set('http://sets.example/mine', '1'));
    await allow('reports', 'DiagnosticReport.search');
    await allow('sets', 'ValueSet.search');
  });
  after(() => server.stop());
  beforeEach(async () => {
    for (const { id } of await api.found('/AccessPolicy?_id=rows,more')) await api.remove(`/AccessPolicy/${id}`);
  });

  for (const criteria of [
    `code:in=${SECRET_SET}`,
    `code:not-in=${SECRET_SET}`,
    `has-member.code:not-in=${SECRET_SET}`,
    `status=final&code:not-in=${SECRET_SET}`,
  ]) {
    it(`a set that is not stored shows no rows by ${criteria.replace(SECRET_SET, 'set')}`, async () => {
      await policy('rows', criteria);
      for (const query of ['', '?code=1', '?code:in=ValueSet/mine', '?_sort=_id', '?_summary=count']) {
        expect(idsOf(await ask(`/Observation${query}`)), query).to.equal('');
      }
      for (const path of ['', '/_history', '/_history/1']) {
        expect((await ask(`/Observation/o1${path}`)).status, path).to.equal(404);
      }
      expect(idsOf(await ask('/DiagnosticReport?_include=DiagnosticReport:result'))).to.equal('r1');
      for (const test of ['code=1', 'code:not=2']) {
        expect(idsOf(await ask(`/DiagnosticReport?result.${test}`)), test).to.equal('');
      }
      const json = { status: 'final', code: { text: 'x' } };
      const written = await api.request('PUT', '/Observation/o1', { as: app, json });
      expect(written.status).to.equal(403);
      expect(written.text).not.to.include('secret.example');
    });

    it(`another policy shows its rows beside ${criteria.replace(SECRET_SET, 'set')}`, async () => {
      await policy('rows', criteria);
      await policy('more', 'code=2');
      expect(idsOf(await ask('/Observation'))).to.equal('o2');
      expect((await ask('/Observation/o2')).status).to.equal(200);
      expect((await ask('/Observation/o1')).status).to.equal(404);
      await policy('more', 'code:in=ValueSet/mine');
      expect(idsOf(await ask('/Observation?_sort=_id'))).to.equal('o1');
      expect((await ask('/Observation/o1')).status).to.equal(200);
    });
  }

  it('a set that somebody makes ambiguous shows no rows, until it is one again', async () => {
    await policy('rows', `code:in=${SECRET_SET}`);
    await api.put('/ValueSet/set', set(SECRET_SET, '1'));
    expect(idsOf(await ask('/Observation'))).to.equal('o1');
    await api.put('/ValueSet/other', set(SECRET_SET, '2'));
    expect(idsOf(await ask('/Observation'))).to.equal('');
    await api.remove('/ValueSet/other');
    expect(idsOf(await ask('/Observation'))).to.equal('o1');
    await api.remove('/ValueSet/set');
  });

  it('the operator is told once, with the policy and the remedy', async () => {
    const told = await problems();
    await policy('rows', `code:in=${SECRET_SET}`);
    for (let times = 0; times < 3; times += 1) expect(idsOf(await ask('/Observation'))).to.equal('');
    const [line, ...more] = (await problems()).slice(told.length);
    expect(more).to.deep.equal([]);
    expect(line).to.include('AccessPolicy/rows matches nothing by AccessPolicy.criteria: code:in');
    expect(line).to.match(/secret\.example\/set.*use a value set that is stored here/);
  });

  it('what the caller asks for is still refused, and is bounded apart from the policies', async () => {
    await policy('rows', 'code:in=ValueSet/mine');
    const refused = await ask('/Observation?code:in=ValueSet/nothing');
    expect([refused.status, refused.at('issue.0.code')], refused.text).to.eql([400, 'invalid']);
    const named = (times: number) => new Array<string>(times).fill('ValueSet/mine').join();
    expect(idsOf(await ask(`/Observation?code:in=${named(20)}`))).to.equal('o1');
    expect((await ask(`/Observation?code:in=${named(21)}`)).status).to.equal(400);
    await policy('rows', `code:in=${named(21)}`);
    await policy('more', `code:in=${named(20)}`);
    expect(idsOf(await ask('/Observation'))).to.equal('o1');
  });
});
