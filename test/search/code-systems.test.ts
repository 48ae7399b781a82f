/** `:above` and `:below` of codes, by the CodeSystems that are stored (FHIR R4 §3.1.1.4.10). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Api } from '../auth/http/api.ts';
import { asRoot } from '../harness/server.ts';
import { ANIMALS, idsOf, OBSERVATIONS, STATUS, startWithAnimals } from './animals.ts';
import { APP, narrowed } from './narrowed.ts';

const LINES: [query: string, ids: string][] = [
  [`code:below=${ANIMALS}|dog`, 'dog pup dingo'],
  [`code:below=${ANIMALS}|animal`, 'animal dog pup cat dingo'],
  [`code:below=${ANIMALS}|wild`, 'wild wolf dingo'],
  [`code:below=${ANIMALS}|pup`, 'pup'],
  [`code:below=${ANIMALS}|pup,${ANIMALS}|wild`, 'pup wild wolf dingo'],
  [`code:above=${ANIMALS}|dingo`, 'dingo dog animal wild'],
  [`code:above=${ANIMALS}|animal`, 'animal'],
  [`code:above=${ANIMALS}|loop`, 'loop pool'],
  [`code:below=${ANIMALS}|loop`, 'loop pool'],
  ['code:below=http://systems.example/plain|b', ''],
  [`code:below=${ANIMALS}|horse`, ''],
  [`code:above=${ANIMALS}|stray`, 'stray'],
  [`status:below=${STATUS}|amended`, 'other words'],
  [`status:above=${STATUS}|corrected`, `${OBSERVATIONS.join(' ')} other words`],
  [`code:below=${ANIMALS}|dog&_sort=-_id`, 'pup dog dingo'],
  [`code:below=${ANIMALS}|dog&code:not=dog`, 'pup dingo'],
  [`has-member.code:below=${ANIMALS}|dog`, 'cat'],
  [`_has:Observation:has-member:code:below=${ANIMALS}|animal`, 'dingo wolf'],
];

describe('Code systems', () => {
  let api: Api;
  let policy: Awaited<ReturnType<typeof narrowed>>;

  before(async () => {
    api = await startWithAnimals();
    policy = await narrowed(api);
  });
  after(() => api.stop());

  const ask = (query: string, as = asRoot) => api.request('GET', query, { as });
  const ids = async (query: string, as = asRoot) => idsOf(await ask(query, as));

  for (const [query, expected] of LINES) {
    it(`${query} finds ${expected || 'nothing'}`, async () => {
      expect(await ids(`/Observation?${query}`)).to.have.members(expected.split(' ').filter(Boolean));
    });
  }

  const REFUSED: [query: string, reason: RegExp][] = [
    ['code:below=dog', /code:below must be system\|code, not "dog"/],
    ['code:below=|dog', /must be system\|code/],
    [`code:below=${ANIMALS}|`, /must be system\|code/],
    [`code:below=${ANIMALS}|1|dog`, /must be system\|code/],
    ['status:below=final', /must be system\|code/],
    ['code:above=urn:none|1', /code:above "urn:none\|1": store the code system "urn:none" here\./],
    ['code:below=http://systems.example/versions|dog', /several versions of the code system "http:.*versions"/],
    [
      'code:below=http://systems.example/fragment|dog',
      /store the code system "http:.*" completely: its content is fragment/,
    ],
    ['code:below=http://systems.example/parts|dog', /its meaning is part-of, not is-a/],
    [
      'code:below=http://systems.example/large|top',
      /use fewer: a search can use at most 20 value sets and code systems/,
    ],
  ];
  for (const [query, reason] of REFUSED) {
    it(`refuses ${query}`, async () => {
      const reply = await ask(`/Observation?${query}`);
      expect([reply.status, reply.at('issue.0.code')], reply.text).to.eql([400, 'invalid']);
      expect(reply.string('issue.0.diagnostics')).to.match(reason);
    });
  }

  it('is refused where no concept is read', async () => {
    for (const query of [
      '/Patient?identifier:below=urn:a|1',
      '/Patient?active:above=urn:a|true',
      '/Patient?email:below=a|b',
    ]) {
      const reply = await ask(query);
      expect([reply.status, reply.at('issue.0.code')], query).to.eql([400, 'not-supported']);
    }
  });

  it('leak through code systems: they are read as the caller would search them', async () => {
    const below = `/Observation?code:below=${ANIMALS}|dog`;
    await policy('Observation', 'code:missing=false');
    expect((await ask(below, APP)).status, 'no code systems at all').to.equal(403);
    await policy('CodeSystem', '_id=plain');
    const hidden = await ask(below, APP);
    expect(hidden.status, hidden.text).to.equal(400);
    expect(hidden.string('issue.0.diagnostics')).to.match(/animals" here/);
    await policy('CodeSystem', '_id=animals');
    expect(await ids(below, APP)).to.have.members(['dog', 'pup', 'dingo']);
  });

  it('rows by a code system: what cannot be read shows none', async () => {
    const status = async (id: string) => (await ask(`/Observation/${id}`, APP)).status;
    await policy('Observation', `code:below=${ANIMALS}|dog`);
    expect(await ids('/Observation', APP)).to.have.members(['dog', 'pup', 'dingo']);
    expect([await status('dingo'), await status('wolf')]).to.eql([200, 404]);
    for (const criteria of ['code:below=urn:none|1', 'code:above=http://systems.example/parts|dog']) {
      await policy('Observation', criteria);
      expect(await ids('/Observation', APP), criteria).to.eql([]);
      expect(await status('dingo'), criteria).to.equal(404);
    }
  });

  it('a code system counts as it is now', async () => {
    const put = (code: string) =>
      api.put('/CodeSystem/late', {
        url: 'http://systems.example/late',
        status: 'draft',
        content: 'complete',
        concept: [{ code: 'top', concept: [{ code }] }],
      });
    const make = (code: string) =>
      api.put(`/Observation/late-${code}`, {
        status: 'final',
        code: { coding: [{ system: 'http://systems.example/late', code }] },
      });
    await make('x');
    await make('y');
    const query = '/Observation?code:below=http://systems.example/late|top';
    await put('x');
    expect(await ids(query)).to.eql(['late-x']);
    await put('y');
    expect(await ids(query)).to.eql(['late-y']);
    await api.remove('/CodeSystem/late');
    expect((await ask(query)).status).to.equal(400);
  });
});
