/** `:above` and `:below` of references, along the hierarchy of the type that they lead to (FHIR R4 §3.1.1.4.12). */
import { expect } from 'chai';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import type { Criterion } from '../../resources/search/plan.ts';
import { type Api, startApi } from '../auth/http/api.ts';
import { runs } from '../harness/generated.ts';
import type { Identity } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';
import { type Library, openLibrary } from './library.ts';

/** Each with what it is part of. */
const LOCATIONS: [id: string, part?: string][] = [
  ['city'],
  ['hospital', 'Location/city'],
  ['wing', 'https://ward.example/Location/hospital'],
  ['ward', 'Location/wing'],
  ['bed', 'https://ward.example/fhir/Location/ward'],
  ['depot', 'Location/city'],
  ['far', 'https://else.example/Location/hospital'],
  ['egg', 'Location/hen'],
  ['hen', 'Location/egg'],
];

const FINDS: [query: string, ids: string][] = [
  ['Location?partof:below=Location/hospital', 'wing ward bed'],
  ['Location?partof:below=hospital', 'wing ward bed'],
  ['Location?partof:below=https://ward.example/Location/hospital', 'wing ward bed'],
  ['Location?partof:below=city', 'hospital wing ward bed depot'],
  ['Location?partof:below=ward,depot', 'bed'],
  ['Location?partof:below=nobody', ''],
  ['Location?partof:above=wing', 'hospital wing ward depot'],
  ['Location?partof:above=city', 'hospital depot'],
  ['Location?partof:below=wing&status=active', 'ward'],
  ['Location?partof:below=egg', 'egg hen'],
  ['Location?partof:above=egg', 'egg hen'],
  ['Encounter?location:below=Location/hospital', 'in-hospital in-bed'],
  ['Encounter?location:below=bed', 'in-bed'],
  ['Encounter?location:above=Location/bed', 'in-hospital in-bed in-city'],
  ['Encounter?location:above=city', 'in-city'],
  ['Encounter?location:below=depot,ward', 'in-bed'],
  ['Encounter?location:below=gone', 'in-nowhere'],
  ['Encounter?location.partof:below=wing', 'in-bed'],
  ['Encounter?location:below=city&location=bed', 'in-bed'],
  ['Encounter?location:below=city&_sort=-_id', 'in-hospital in-city in-bed'],
  ['Location?_has:Encounter:location:location:below=hospital', 'hospital bed'],
  ['Observation?subject:below=Location/wing', 'noise'],
  ['Observation?subject:above=Location/bed', 'noise'],
];

describe('Hierarchies', () => {
  let api: Api;
  const app: Identity = { basic: ['app', 'app-secret'] };

  before(async () => {
    api = await startApi({ BASE_URL: 'https://ward.example' });
    for (const [id, part] of LOCATIONS) {
      await api.put(`/Location/${id}`, {
        status: id === 'ward' ? 'active' : 'suspended',
        ...(part && { partOf: { reference: part } }),
      });
    }
    for (const [id, where] of [
      ['in-hospital', 'hospital'],
      ['in-bed', 'bed'],
      ['in-city', 'city'],
      ['in-nowhere', 'gone'],
      ['in-egg', 'egg'],
    ]) {
      await api.put(`/Encounter/${id}`, {
        status: 'finished',
        class: { code: 'IMP' },
        location: [{ location: { reference: `Location/${where}` } }],
      });
    }
    const subject = { reference: 'Location/ward' };
    await api.put('/Observation/noise', { status: 'final', code: { text: 'noise' }, subject });
    await api.put('/Client/app', { secret: 'app-secret', grant_types: ['basic'] });
  });
  after(() => api.stop());

  async function ids(query: string, as = asRoot): Promise<string> {
    const reply = await api.request('GET', query, { as });
    expect(reply.status, reply.text).to.equal(200);
    return (reply.list('entry') as { resource: { id: string } }[]).map(({ resource }) => resource.id).join(' ');
  }

  for (const [query, expected] of FINDS) {
    it(`${query} finds ${expected || 'nothing'}`, async () => {
      expect((await ids(`/${query}`)).split(' ')).to.have.members(expected.split(' '));
    });
  }

  const REFUSED: [query: string, code: string, reason: RegExp][] = [
    ['Observation?patient:below=Patient/1', 'not-supported', /patient has no modifier "below"/],
    [
      'Observation?subject:below=Patient/1',
      'invalid',
      /a resource in a hierarchy on this server, as .*Location\/id.*"Patient\/1"/,
    ],
    ['Account?subject:below=1', 'invalid', /subject:below must be .*, as Organization\/id or Location\/id, not "1"/],
    ['Encounter?location:below=https://else.example/Location/1', 'invalid', /as Location\/id, not "https/],
    ['Location?partof:below=Location/city/_history/1', 'invalid', /must be Location\/city, which means its current/],
    ['Location?partof:above=https://ward.example/Location/city/_history/1', 'invalid', /must be Location\/city, which/],
    ['Task?part-of:below=Task/1', 'not-supported', /part-of has no modifier "below"/],
    ['Specimen?parent:above=1', 'not-supported', /parent has no modifier "above"/],
  ];
  for (const [query, code, reason] of REFUSED) {
    it(`refuses ${query}`, async () => {
      const reply = await api.request('GET', `/${query}`, { as: asRoot });
      expect([reply.status, reply.at('issue.0.code')], reply.text).to.eql([400, code]);
      expect(reply.string('issue.0.diagnostics')).to.match(reason);
    });
  }

  it('a place that is moved or deleted leads on no more', async () => {
    const room = (part: string) => api.put('/Location/room', { partOf: { reference: `Location/${part}` } });
    await room('depot');
    await api.put('/Location/shelf', { partOf: { reference: 'Location/room' } });
    expect(await ids('/Location?partof:below=depot')).to.equal('room shelf');
    await room('city');
    expect(await ids('/Location?partof:below=depot')).to.equal('');
    await api.remove('/Location/room');
    expect(await ids('/Location?partof:below=city&_id=shelf,room')).to.equal('');
    expect(await ids('/Location?partof:above=shelf')).to.equal('');
    await api.remove('/Location/shelf');
  });

  it('leak through hierarchies: what a policy hides does not lead on, up or down', async () => {
    const policy = (id: string, rest: object) =>
      api.put(`/AccessPolicy/${id}`, { engine: 'criteria', link: [{ reference: 'Client/app' }], ...rest });
    await policy('encounters', { resource: 'Encounter', criteria: 'status=finished' });
    const forbidden = await api.request('GET', '/Encounter?location:below=city', { as: app });
    expect(forbidden.status, 'nothing of the type').to.equal(403);
    await policy('locations', { resource: 'Location', criteria: '_id:not=wing' });
    const seen: [query: string, ids: string][] = [
      ['Encounter?location:below=city', 'in-hospital in-city'],
      ['Encounter?location:below=hospital', 'in-hospital'],
      ['Encounter?location:below=wing', 'in-bed'],
      ['Encounter?location:above=bed', 'in-bed'],
      ['Encounter?location:above=wing', ''],
      ['Location?partof:below=city', 'hospital depot'],
      ['Location?partof:above=bed', 'bed'],
    ];
    for (const [query, expected] of seen) {
      // What names a place is compared with what was asked for, whether or not the place is shown.
      expect((await ids(`/${query}`, app)).split(' '), query).to.have.members(expected.split(' '));
    }
  });

  it('rows by a hierarchy: a search is judged by the database, a read in memory', async () => {
    await api.put('/AccessPolicy/locations', {
      engine: 'criteria',
      link: [{ reference: 'Client/app' }],
      resource: 'Location',
      criteria: 'partof:below=Location/hospital',
    });
    expect(await ids('/Location', app)).to.equal('wing ward bed');
    expect(await ids('/Encounter?location:above=bed', app), 'within them').to.equal('in-bed');
    const status = async (id: string) => (await api.request('GET', `/Location/${id}`, { as: app })).status;
    expect([await status('bed'), await status('wing'), await status('hospital'), await status('depot')]).to.eql([
      ...[200, 200, 404, 404],
    ]);
  });

  it('/metadata tells which references lead into a hierarchy', async () => {
    const { body } = await api.request('GET', '/metadata');
    const types = (body as { rest: { resource: Described[] }[] }).rest[0]?.resource ?? [];
    const told = (type: string, code: string) =>
      types.find((each) => each.type === type)?.searchParam.find(({ name }) => name === code)?.documentation;
    expect(told('Encounter', 'location')).to.match(/:\[type\], :above, :below$/);
    expect(told('Organization', 'partof')).to.match(/:above, :below$/);
    expect(told('Observation', 'patient')).to.not.match(/:below/);
    expect(told('Task', 'part-of')).to.not.match(/:below/);
  });
});

interface Described {
  type: string;
  searchParam: { name: string; documentation: string }[];
}

const PLACES = 30;

describe('Hierarchies as they are drawn', () => {
  let library: Library;
  /** Of each place the one above it, and whether it is shown; circles and ways to nowhere among them. */
  const places = fc
    .sample(fc.tuple(fc.integer({ min: -6, max: PLACES + 1 }), fc.boolean(), fc.boolean()), {
      seed: 7,
      numRuns: PLACES,
    })
    .map(([above, one, other]) => ({ above, shown: one || other }));

  before(async () => {
    library = await openLibrary(['Location', 'Encounter']);
    for (const [index, { above, shown }] of places.entries()) {
      const partOf = above < 0 ? {} : { partOf: { reference: `Location/${above}` } };
      const location = { resourceType: 'Location', id: `${index}`, status: shown ? 'active' : 'inactive', ...partOf };
      await library.add(location);
      const at = [{ location: { reference: `Location/${index}` } }];
      await library.add({ resourceType: 'Encounter', id: `${index}`, location: at });
    }
  });
  after(() => library.close());

  function rows(type: string): Criterion[] {
    return type === 'Location' ? library.parse('Location', 'status=active').criteria : [];
  }

  function expected(start: number, towards: string, hiding: boolean): Set<number> {
    const visible = (index: number) => places[index] !== undefined && (!hiding || places[index].shown);
    const found = new Set([start]);
    for (let before = -1; before < found.size; ) {
      before = found.size;
      for (const [index, { above }] of places.entries()) {
        if (!visible(index)) continue;
        if (towards === 'below' && found.has(above)) found.add(index);
        if (towards === 'above' && found.has(index) && visible(above)) found.add(above);
      }
    }
    return found;
  }

  it('finds what a walk over all of them finds', async () => {
    const start = fc.integer({ min: 0, max: PLACES });
    const property = fc.asyncProperty(
      start,
      fc.constantFrom('above', 'below'),
      fc.boolean(),
      async (from, way, hide) => {
        const query = `location:${way}=Location/${from}&_count=1000`;
        const page = await library.search('Encounter', query, hide ? { rows } : {});
        const wanted = [...expected(from, way, hide)].filter((index) => index < PLACES).map(String);
        expect(page.matches.map(({ id }) => id)).to.have.members(wanted);
      },
    );
    await fc.assert(property, runs(1_000));
  });
});
