/** `:in` and `:not-in`: codes by the value sets that are stored (FHIR R4 §3.1.1.4.10). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import type { Identity } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';

const URL = 'http://sets.example/';
const concept = (...codes: string[]) => codes.map((code) => ({ code }));
const include = (system: string, ...codes: string[]) => ({ system, concept: concept(...codes) });
const compose = (...parts: object[]) => ({ compose: { include: parts } });

/** Value sets by their ids: the last part of the URL is the id, unless they say otherwise. */
const SETS: Record<string, object> = {
  pair: compose(include('urn:a', '1'), include('urn:b', '2')),
  whole: compose({ system: 'urn:a' }),
  without: { compose: { include: [{ system: 'urn:a' }], exclude: [include('urn:a', '1')] } },
  less: { compose: { include: [include('urn:a', '1', '2')], exclude: [{ system: 'urn:a', concept: concept('2') }] } },
  tree: {
    expansion: {
      timestamp: '2024-01-01T00:00:00Z',
      contains: [
        { system: 'urn:a', code: '1', abstract: true, contains: [{ system: 'urn:a', code: '2' }] },
        { system: 'urn:b', code: '1', contains: [{ system: 'urn:b', code: '2' }] },
      ],
    },
  },
  empty: { expansion: { timestamp: '2024-01-01T00:00:00Z' } },
  page: {
    expansion: { timestamp: '2024-01-01T00:00:00Z', total: 9, contains: [{ system: 'urn:b', code: '2' }] },
    ...compose(include('urn:a', '1')),
  },
  importing: compose({ valueSet: [`${URL}pair`] }, include('urn:a', '3')),
  narrowed: compose({ system: 'urn:a', valueSet: [`${URL}pair|1`] }),
  twice: compose({ valueSet: [`${URL}pair`, `${URL}whole`] }),
  finals: compose(include('http://hl7.org/fhir/observation-status', 'final')),
  statuses: compose({ system: 'http://hl7.org/fhir/observation-status' }),
  filtered: compose({ system: 'urn:a', filter: [{ property: 'concept', op: 'is-a', value: '1' }] }),
  importsFiltered: compose({ valueSet: [`${URL}filtered`] }),
  circle: compose({ valueSet: [`${URL}circle`] }),
  circleOfTwo: compose({ valueSet: [`${URL}otherOfTwo`] }),
  otherOfTwo: compose({ valueSet: [`${URL}circleOfTwo`] }),
  many: compose({ valueSet: new Array(20).fill(`${URL}pair`) }),
  bare: {},
  full: compose(include('urn:a', '1', ...Array.from({ length: 2999 }, (_, index) => `c${index}`))),
  large: compose(include('urn:a', ...Array.from({ length: 3001 }, (_, index) => `c${index}`))),
};

const OBSERVATIONS: [id: string, code: object | undefined, status: string][] = [
  ['a1', { coding: [{ system: 'urn:a', code: '1' }] }, 'final'],
  ['a2', { coding: [{ system: 'urn:a', code: '2' }] }, 'final'],
  ['a3', { coding: [{ system: 'urn:a', code: '3' }] }, 'amended'],
  ['b1', { coding: [{ system: 'urn:b', code: '1' }] }, 'final'],
  [
    'b2',
    {
      coding: [
        { system: 'urn:c', code: '9' },
        { system: 'urn:b', code: '2' },
      ],
    },
    'final',
  ],
  ['words', { text: 'one' }, 'preliminary'],
];
const ALL = OBSERVATIONS.map(([id]) => id).join(' ');

const sets = (query: string) => `Observation?${query.replace(/=(\w+)/, `=${URL}$1`)}`;

const FINDS: [query: string, ids: string][] = [
  [sets('code:in=pair'), 'a1 b2'],
  [sets('code:not-in=pair'), 'a2 a3 b1 words'],
  [sets('code:in=pair|1'), 'a1 b2'],
  ['Observation?code:in=ValueSet/pair', 'a1 b2'],
  ['Observation?code:in=https://ward.example/fhir/ValueSet/pair', 'a1 b2'],
  [`Observation?code:in=ValueSet/less,${URL}finals`, 'a1'],
  [sets('code:in=whole'), 'a1 a2 a3'],
  [sets('code:not-in=whole'), 'b1 b2 words'],
  [sets('code:in=without'), 'a2 a3'],
  [sets('code:not-in=without'), 'a1 b1 b2 words'],
  [sets('code:in=less'), 'a1'],
  [sets('code:in=tree'), 'a2 b1 b2'],
  [sets('code:in=empty'), ''],
  [sets('code:not-in=empty'), ALL],
  [sets('code:in=page'), 'a1'],
  [sets('code:in=importing'), 'a1 a3 b2'],
  [sets('code:in=narrowed'), 'a1'],
  [sets('code:in=twice'), 'a1'],
  [sets('status:in=finals'), 'a1 a2 b1 b2'],
  [sets('status:not-in=finals'), 'a3 words'],
  [sets('status:in=statuses'), ALL],
  [sets('code:in=pair&status=final&_sort=-_id'), 'b2 a1'],
  [sets('code:in=whole&_id=a1,b1'), 'a1'],
  [sets('code:in=full'), 'a1'],
  [sets('code:in=full&status=final&_sort=status,-_id'), 'a1'],
  [sets('code:not-in=full'), 'a2 a3 b1 b2 words'],
  ['Observation?has-member.code:in=ValueSet/full', 'a3'],
  [sets('has-member.code:in=pair'), 'a3'],
  [sets('_has:Observation:has-member:code:in=importing'), 'a1'],
];

describe('Value sets', () => {
  let api: Api;
  const app: Identity = { basic: ['app', 'app-secret'] };

  before(async () => {
    api = await startApi({ BASE_URL: 'https://ward.example' });
    for (const [id, content] of Object.entries(SETS)) {
      await api.put(`/ValueSet/${id}`, { url: `${URL}${id}`, version: '1', status: 'active', ...content });
    }
    for (const id of ['v1', 'v2']) {
      const content = compose(include('urn:a', id.slice(1)));
      await api.put(`/ValueSet/${id}`, { url: `${URL}versions`, version: id, status: 'active', ...content });
    }
    for (const [id, code, status] of OBSERVATIONS) {
      const members = id === 'a3' ? { hasMember: [{ reference: 'Observation/a1' }] } : {};
      await api.put(`/Observation/${id}`, { status, code, ...members });
    }
    await api.put('/Client/app', { secret: 'app-secret', grant_types: ['basic'] });
  });
  after(() => api.stop());

  async function ids(query: string, as = asRoot): Promise<string[]> {
    const reply = await api.request('GET', query, { as });
    expect(reply.status, reply.text).to.equal(200);
    const entries = reply.list('entry') as { resource: { id: string } }[];
    expect(reply.at('total')).to.equal(entries.length);
    return entries.map(({ resource }) => resource.id);
  }
  const words = (text: string) => text.split(' ').filter((word) => word !== '');

  for (const [query, expected] of FINDS) {
    it(`${query} finds ${expected || 'nothing'}`, async () => {
      expect(await ids(`/${query}`)).to.have.members(words(expected));
    });
  }

  it('of several versions one is named', async () => {
    expect(await ids(`/${sets('code:in=versions|v2')}`)).to.eql(['a2']);
  });

  const REFUSED: [query: string, reason: RegExp][] = [
    [sets('code:in=nothing'), /code:in "http:.*nothing": use a value set that is stored here, as ValueSet\/id, url or/],
    ['Observation?code:in=ValueSet/nothing', /use a value set that is stored here/],
    ['Observation?code:in=|1', /code:in "\|1": use ValueSet\/id, url or url\|version\./],
    [
      'Observation?code:in=ValueSet/pair/_history/1',
      /code:in "Val.*": must be ValueSet\/pair, which means its current/,
    ],
    [
      'Observation?code:not-in=https://ward.example/fhir/ValueSet/pair/_history/1',
      /must be ValueSet\/pair, which means/,
    ],
    [sets('code:in=pair|2'), /use a value set that is stored here/],
    [sets('code:in=versions'), /"http:.*versions": use url\|version/],
    [sets('code:in=filtered'), /"http:.*filtered": store the code system "urn:a" here/],
    [sets('code:not-in=importsFiltered'), /code:not-in "http:.*\/filtered": store the code system "urn:a" here/],
    [sets('code:in=circle'), /circle": a value set must not import itself/],
    [sets('code:in=circleOfTwo'), /circleOfTwo": a value set must not import itself/],
    [sets('code:in=bare'), /store the value set with an expansion or a compose element/],
    [sets('code:in=large'), /use fewer: a search can use at most 20 value sets and code systems and 3000 codes/],
    [sets('code:in=many'), /pair": use fewer: a search can use at most 20 value sets and code systems and 3000 codes/],
  ];
  for (const [query, reason] of REFUSED) {
    it(`refuses ${query}`, async () => {
      const reply = await api.request('GET', `/${query}`, { as: asRoot });
      expect([reply.status, reply.at('issue.0.code')], reply.text).to.eql([400, 'invalid']);
      expect(reply.string('issue.0.diagnostics')).to.match(reason);
    });
  }

  it('is refused where no concept is read', async () => {
    const reply = await api.request('GET', `/Patient?identifier:in=${URL}pair`, { as: asRoot });
    expect([reply.status, reply.at('issue.0.code')]).to.eql([400, 'not-supported']);
  });

  it('a value set counts as it is now', async () => {
    const put = (code: string) =>
      api.put('/ValueSet/late', { url: `${URL}late`, status: 'draft', ...compose(include('urn:a', code)) });
    await put('1');
    expect(await ids(`/${sets('code:in=late')}`)).to.eql(['a1']);
    await put('2');
    expect(await ids(`/${sets('code:in=late')}`)).to.eql(['a2']);
    await api.remove('/ValueSet/late');
    expect((await api.request('GET', `/${sets('code:in=late')}`, { as: asRoot })).status).to.equal(400);
  });

  it('leak through value sets: they are read as the caller would search them', async () => {
    const policy = (id: string, rest: object) =>
      api.put(`/AccessPolicy/${id}`, { engine: 'criteria', link: [{ reference: 'Client/app' }], ...rest });
    const asked = (query: string) => api.request('GET', `/${query}`, { as: app });
    await policy('observations', { resource: 'Observation', criteria: 'code:missing=false' });
    expect((await asked(sets('code:in=pair'))).status, 'no value sets at all').to.equal(403);
    await policy('sets', { resource: 'ValueSet', criteria: '_id=pair,importing' });
    expect(await ids(`/${sets('code:in=pair')}`, app)).to.eql(['a1', 'b2']);
    const hidden = await asked(sets('code:in=whole'));
    expect(hidden.status, hidden.text).to.equal(400);
    expect(hidden.string('issue.0.diagnostics')).to.match(/stored here/);
    await policy('sets', { resource: 'ValueSet', criteria: '_id=importing' });
    const imported = await asked(sets('code:in=importing'));
    expect(imported.status, imported.text).to.equal(400);
    expect(imported.string('issue.0.diagnostics'), 'what it imports').to.match(/pair": use a value set that is stored/);
  });

  it('rows by a value set: a search and an include are judged by the database, a read in memory', async () => {
    await api.put('/AccessPolicy/observations', {
      engine: 'criteria',
      link: [{ reference: 'Client/app' }],
      resource: 'Observation',
      criteria: `code:in=${URL}importing`,
    });
    expect(await ids('/Observation', app)).to.eql(['a1', 'a3', 'b2']);
    const included = await api.request('GET', '/Observation?_id=a3&_include=Observation:has-member', { as: app });
    expect(included.list('entry')).to.have.length(2);
    const status = async (id: string) => (await api.request('GET', `/Observation/${id}`, { as: app })).status;
    expect([await status('a3'), await status('b2'), await status('a2'), await status('words')]).to.eql([
      ...[200, 200, 404, 404],
    ]);
  });

  it('a conditional create goes by a value set', async () => {
    const json = {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        {
          request: { method: 'POST', url: 'Observation', ifNoneExist: `code:in=${URL}pair&status=amended` },
          resource: { resourceType: 'Observation', status: 'amended', code: { text: 'new' } },
        },
        {
          request: { method: 'POST', url: 'Observation', ifNoneExist: `code:in=${URL}less` },
          resource: { resourceType: 'Observation', status: 'amended', code: { text: 'new' } },
        },
      ],
    };
    const reply = await api.request('POST', '/', { as: asRoot, json });
    expect([reply.at('entry.0.response.status'), reply.at('entry.1.response.status')], reply.text).to.eql([
      ...['201', '200'],
    ]);
  });
});
