/** `near` of Location: positions within a distance (https://hl7.org/fhir/R4/location.html#search). */
import { expect } from 'chai';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import { runs, SEED } from '../harness/generated.ts';
import type { Identity } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';

interface Position {
  latitude: number;
  longitude: number;
}

const RADIUS = 6_371_008.8;
const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Metres along the sphere, by the formula of haversines. */
function apart(one: Position, other: Position): number {
  const [north, south] = [radians(one.latitude), radians(other.latitude)];
  const across = Math.sin((north - south) / 2) ** 2;
  const along = Math.sin(radians(one.longitude - other.longitude) / 2) ** 2;
  return 2 * RADIUS * Math.asin(Math.sqrt(Math.min(1, across + Math.cos(north) * Math.cos(south) * along)));
}

/** Anywhere, or close to a place where a way of counting could break. */
const latitudes = fc.oneof(
  fc.double({ min: -90, max: 90, noNaN: true }),
  fc.constantFrom(-90, -89.999, -1e-200, 0, 48.2, 48.2001, 89.9999, 90),
);
const longitudes = fc.oneof(
  fc.double({ min: -180, max: 180, noNaN: true }),
  fc.constantFrom(-180, -179.9999, 0, 16.37, 16.3701, 179.9999, 180),
);
const positions = fc.record({ latitude: latitudes, longitude: longitudes });
const distances = fc.oneof(
  fc.double({ min: 0, max: 21_000_000, noNaN: true }),
  fc.double({ min: 0, max: 50_000, noNaN: true }),
  fc.constantFrom(1, 20_015_115, 30_000_000),
);

describe('Positions', () => {
  let api: Api;
  const app: Identity = { basic: ['app', 'app-secret'] };
  const placed = new Map<string, Position>();

  before(async () => {
    api = await startApi({ MAX_BODY: '4mb' });
    fc.sample(positions, { seed: SEED, numRuns: 400 }).forEach((position, index) => {
      placed.set(`l${index}`, position);
    });
    const entry = [...placed].map(([id, position]) => ({
      request: { method: 'PUT', url: `Location/${id}` },
      resource: { resourceType: 'Location', id, name: 'drawn', position },
    }));
    const reply = await api.request('POST', '/', {
      as: asRoot,
      json: { resourceType: 'Bundle', type: 'batch', entry },
    });
    expect(reply.status, reply.text).to.equal(200);
    const put = (id: string, rest: object) => api.put(`/Location/${id}`, { name: 'named', ...rest });
    await put('hotel', { position: { latitude: 48.2082, longitude: 16.3738 }, status: 'active' });
    await put('clinic', { position: { latitude: 48.2203, longitude: 16.3471 }, status: 'suspended' });
    await put('suva', { position: { latitude: -18.1416, longitude: 178.4419 } });
    await put('apia', { position: { latitude: -13.8333, longitude: -171.7667 } });
    await put('nowhere', {});
    await put('wrong', { position: { latitude: 91, longitude: 0 } });
    await api.put('/Organization/trust', { name: 'Trust' });
    await put('clinic', {
      position: { latitude: 48.2203, longitude: 16.3471 },
      status: 'suspended',
      managingOrganization: { reference: 'Organization/trust' },
    });
    const visit = { status: 'finished', class: { code: 'AMB' } };
    await api.put('/Encounter/visit', { ...visit, location: [{ location: { reference: 'Location/clinic' } }] });
    await api.put('/Encounter/other', { ...visit, location: [{ location: { reference: 'Location/suva' } }] });
  });
  after(() => api.stop());

  async function ids(query: string, as = asRoot): Promise<string[]> {
    const reply = await api.request('GET', query, { as });
    expect(reply.status, reply.text).to.equal(200);
    return (reply.list('entry') as { resource: { id: string } }[]).map(({ resource }) => resource.id);
  }

  const escaped = encodeURIComponent;
  const named = (query: string) => `/Location?name=named&${query}`;
  const FINDS: [rule: string, query: string, ids: string][] = [
    ['a distance in kilometres', named(`near=${escaped('48.2082|16.3738|3|km')}`), 'hotel clinic'],
    ['a shorter one', named(`near=${escaped('48.2082|16.3738|2|km')}`), 'hotel'],
    ['none at all finds the very place', named(`near=${escaped('48.2082|16.3738|0')}`), 'hotel'],
    ['without units: kilometres', named(`near=${escaped('48.2082|16.3738|2')}`), 'hotel'],
    ['without a distance: 25 km', named(`near=${escaped('48.42|16.3738')}`), 'hotel clinic'],
    ['without a distance: no more than 25 km', named(`near=${escaped('48.45|16.3738')}`), ''],
    ['metres', named(`near=${escaped('48.2082|16.3738|2500|m')}`), 'hotel clinic'],
    ['miles', named(`near=${escaped('48.2082|16.3738|1.45|[mi_us]')}`), 'hotel'],
    ['miles, as people write them', named(`near=${escaped('48.2082|16.3738|1.55|mi')}`), 'hotel clinic'],
    ['across the meridian of 180°', named(`near=${escaped('-18.1416|178.4419|1200')}`), 'suva apia'],
    ['alternatives', named(`near=${escaped('48.2082|16.3738|2')},${escaped('-18|178|100')}`), 'hotel suva'],
    ['with others', named(`near=${escaped('48.2082|16.3738|3')}&status=suspended`), 'clinic'],
    ['twice', named(`near=${escaped('48.2082|16.3738|3')}&near=${escaped('48.2203|16.3471|1')}`), 'clinic'],
    ['missing, where the earth has no such place, too', named('near:missing=true'), 'nowhere wrong'],
    ['not missing', named('near:missing=false'), 'hotel clinic suva apia'],
    ['a chain', `/Encounter?location.near=${escaped('48.2082|16.3738|3')}`, 'visit'],
    ['_has', `/Organization?_has:Location:organization:near=${escaped('48.2082|16.3738|3')}`, 'trust'],
  ];
  for (const [rule, query, expected] of FINDS) {
    it(rule, async () => {
      expect(await ids(query)).to.have.members(expected.split(' ').filter((id) => id !== ''));
    });
  }

  const REFUSED: [value: string, reason: RegExp][] = [
    ['48.2', /near must be latitude\|longitude\|distance\|units, .*, not "48.2"/],
    ['91|16', /from -90 to 90/],
    ['48|181', /-180 to 180 degrees/],
    ['48|16|3|km|x', /must be latitude/],
    ['north|16', /must be latitude/],
    ['48|16|far', /must have a distance of 0 or more/],
    ['48|16|-1', /must have a distance of 0 or more/],
    ['48|16||km', /must have a distance before its units/],
    ['48|16|3|parsec', /must have one of the units km, m, .*\[mi_us\]/],
    ['48|16|3|toString', /must have one of the units/],
  ];
  for (const [value, reason] of REFUSED) {
    it(`refuses ${value}`, async () => {
      const reply = await api.request('GET', `/Location?near=${escaped(value)}`, { as: asRoot });
      expect([reply.status, reply.at('issue.0.code')], reply.text).to.eql([400, 'invalid']);
      expect(reply.string('issue.0.diagnostics')).to.match(reason);
    });
  }

  it('refuses a sort: from where is not said', async () => {
    const reply = await api.request('GET', '/Location?_sort=near', { as: asRoot });
    expect([reply.status, reply.string('issue.0.diagnostics')]).to.eql([
      400,
      '_sort does not support near: use another parameter of Location.',
    ]);
  });

  it('a place that moves is found where it is', async () => {
    const [here, there] = [escaped('10|10|1'), escaped('-10|-10|1')];
    await api.put('/Location/van', { name: 'moving', position: { latitude: 10, longitude: 10 } });
    expect(await ids(`/Location?name=moving&near=${here}`)).to.eql(['van']);
    await api.put('/Location/van', { name: 'moving', position: { latitude: -10, longitude: -10 } });
    expect(await ids(`/Location?name=moving&near=${here}`)).to.eql([]);
    expect(await ids(`/Location?name=moving&near=${there}`)).to.eql(['van']);
  });

  it('rows by a position: a search is judged by the database, a read in memory', async () => {
    await api.put('/Client/app', { secret: 'app-secret', grant_types: ['basic'] });
    await api.put('/AccessPolicy/close', {
      engine: 'criteria',
      link: [{ reference: 'Client/app' }],
      resource: 'Location',
      criteria: `near=${escaped('48.2082|16.3738|2')}`,
    });
    expect(await ids(named(''), app)).to.eql(['hotel']);
    const status = async (id: string) => (await api.request('GET', `/Location/${id}`, { as: app })).status;
    expect([await status('hotel'), await status('clinic'), await status('nowhere')]).to.eql([200, 404, 404]);
  });

  it('finds what the formula of haversines finds', async () => {
    let some = 0;
    const property = fc.asyncProperty(positions, distances, async (at, distance) => {
      const away = [...placed].map(([id, position]) => [id, apart(at, position)] as const);
      // The formula itself is good to some millimetres only, where points lie opposite to each other to some metres.
      const doubt = distance > 19_000_000 ? 5 : 0.01;
      const sure = away.filter(([, metres]) => Math.abs(metres - distance) > doubt);
      const query = [at.latitude, at.longitude, distance].map((number) => number.toFixed(12)).join('|');
      const found = await ids(`/Location?name=drawn&_count=1000&near=${escaped(`${query}|m`)}`);
      const asked = new Set(sure.map(([id]) => id));
      expect(found.filter((id) => asked.has(id))).to.have.members(
        sure.filter(([, metres]) => metres <= distance).map(([id]) => id),
      );
      if (found.length > 0) some += 1;
    });
    const parameters = runs(2_000);
    await fc.assert(property, parameters);
    expect(some, 'searches that found something').to.be.above(parameters.numRuns / 4);
  }).timeout(300_000);
});
