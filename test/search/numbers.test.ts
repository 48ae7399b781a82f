/** FHIR R4 §3.1.1.4.6 and §3.1.1.4.11: numbers and quantities, against ranges compared the long way. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Bundle, FhirResource } from 'fhir/r4.js';
import { after, before, describe, it } from 'mocha';
import { runs, SEED } from '../harness/generated.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import * as oracle from './oracle/numbers.ts';

/** What is sought, and the range that it stands for: its lower end is in it, its upper end is not. */
const SOUGHT = [
  ['100', '99.5', '100.5'],
  ['100.0', '99.95', '100.05'],
  ['1e2', '95', '105'],
  ['0.5', '0.45', '0.55'],
  ['-3', '-3.5', '-2.5'],
  ['5.40', '5.395', '5.405'],
  ['54e-1', '5.35', '5.45'],
  ['0e0', '-0.05', '0.05'],
].map(([text = '', low = '', high = '']) => oracle.soughtBetween(text, low, high));

const JUST = oracle.grains('0.000001');

/** Where stored values lie about a number that is sought: about its ends, and about those of a tenth of it. */
function places({ exact, implied: { first, last } }: oracle.Sought): bigint[] {
  const tenth = exact / 10n;
  const edges = [first, exact, last + 1n, exact - tenth, exact + tenth];
  return edges.flatMap((edge) => [edge - JUST, edge, edge + JUST]);
}

/** A number of up to three figures, in any of the ways to write it. */
const written = fc
  .tuple(fc.boolean(), fc.integer({ min: 1, max: 999 }), fc.integer({ min: -2, max: 1 }), fc.nat())
  .map(([negative, digits, place, way]) => {
    const last = digits < 10 ? Math.min(place, 0) : place;
    const ways = oracle.waysToWrite(`${digits}`, last);
    const text = `${negative ? '-' : ''}${ways[way % ways.length]}`;
    return oracle.soughtOf(text, `${digits}`, last);
  });

const VALUES = [
  ...new Set([
    oracle.grains('-1000'),
    oracle.grains('1000'),
    ...SOUGHT.flatMap(places),
    ...fc.sample(written, { numRuns: 10, seed: SEED }).flatMap(({ exact, implied }) => [exact, implied.first]),
  ]),
];

interface Target {
  resource: FhirResource;
  stretch: oracle.Stretch;
}

const number = (value: bigint) => Number(oracle.decimal(value));
const codes = ['even', 'odd'];
const codeOf = (index: number) => codes[index % 2] ?? '';

/** Plain quantities, and those with a comparator. */
const quantities: Target[] = Object.entries(oracle.STORED).flatMap(([comparator, stretchOf]) =>
  VALUES.map((value, index) => ({
    resource: {
      resourceType: 'Observation',
      status: 'final',
      code: { coding: [{ code: codeOf(index) }] },
      valueQuantity: { value: number(value), ...(comparator && { comparator: comparator as '<' }) },
    },
    stretch: stretchOf(value),
  })),
);

/** Ranges with both ends, with one of them. */
const ranges: Target[] = VALUES.flatMap((value, index) => {
  const other = VALUES[(index + 1) % VALUES.length] ?? value;
  const [low, high] = value < other ? [value, other] : [other, value];
  return [
    { first: low, last: high },
    { first: value, last: oracle.FOREVER },
    { first: -oracle.FOREVER, last: value },
  ];
}).map((stretch) => {
  const low = stretch.first === -oracle.FOREVER ? {} : { low: { value: number(stretch.first) } };
  const high = stretch.last === oracle.FOREVER ? {} : { high: { value: number(stretch.last) } };
  const onsetRange = { ...low, ...high };
  return { resource: { resourceType: 'Condition', subject: { display: 'a patient' }, onsetRange }, stretch };
});

const numbers: Target[] = VALUES.map((value) => ({
  resource: {
    resourceType: 'ChargeItem',
    status: 'billed',
    code: { text: 'a visit' },
    subject: { display: 'a patient' },
    factorOverride: number(value),
  },
  stretch: { first: value, last: value },
}));

const FAMILIES: [what: string, parameter: string, targets: Target[]][] = [
  ['plain numbers', 'ChargeItem?factor-override', numbers],
  ['quantities', 'Observation?value-quantity', quantities],
  ['ranges', 'Condition?onset-age', ranges],
];

describe('Search by number and by quantity', () => {
  let server: ClockedServer;

  before(async () => {
    server = await startClockedServer({ MAX_BODY: '4mb' });
    const stored = FAMILIES.flatMap(([, , targets]) =>
      targets.map(({ resource }, at) => ({ ...resource, id: `t${at}` })),
    );
    const silent: FhirResource[] = [
      { resourceType: 'Observation', id: 'silent', status: 'final', code: { coding: [{ code: 'even' }] } },
      { resourceType: 'Condition', id: 'silent', subject: { display: 'a patient' }, onsetString: 'long ago' },
      {
        resourceType: 'ChargeItem',
        id: 'silent',
        status: 'billed',
        code: { text: 'a visit' },
        subject: { display: 'a patient' },
      },
    ];
    const entry = [...stored, ...silent].map((resource) => ({
      resource,
      request: { method: 'PUT' as const, url: `${resource.resourceType}/${resource.id}` },
    }));
    for (let from = 0; from < entry.length; from += 400) {
      const json: Bundle = { resourceType: 'Bundle', type: 'transaction', entry: entry.slice(from, from + 400) };
      const reply = await server.request('POST', '/', { as: asRoot, json, headers: { prefer: 'return=minimal' } });
      expect(reply.status, reply.text.slice(0, 1000)).to.equal(200);
    }
  });

  after(() => server.stop());

  /** The ids that a search finds, all pages of it. */
  async function find(search: string): Promise<string[]> {
    const ids: string[] = [];
    let path: string | undefined = `/${search}&_count=1000`;
    while (path !== undefined) {
      const { status, text, body } = await server.request('GET', path, { as: asRoot });
      expect(status, text).to.equal(200);
      const { entry = [], link } = body as Bundle;
      ids.push(...entry.map(({ resource }) => resource?.id ?? ''));
      const next = link?.find(({ relation }) => relation === 'next')?.url;
      path = next && `${new URL(next).pathname}${new URL(next).search}`;
    }
    return ids;
  }

  /** The targets that a search does not find or should not, in words; none where it is right. */
  async function wrong(search: string, targets: Target[], expected: (target: Target) => boolean): Promise<string[]> {
    const found = new Set(await find(search));
    return targets.flatMap((target, at) => {
      if (found.has(`t${at}`) === expected(target)) return [];
      const { first, last } = target.stretch;
      return `${search} ${expected(target) ? 'misses' : 'finds'} ${oracle.decimal(first)} to ${oracle.decimal(last)}`;
    });
  }

  for (const [what, parameter, targets] of FAMILIES) {
    for (const [prefix, says] of Object.entries(oracle.SAYS)) {
      it(`compares ${what} by ${prefix} below, at and above every edge`, async () => {
        for (const sought of SOUGHT) {
          const mistakes = await wrong(`${parameter}=${prefix}${sought.text}`, targets, ({ stretch }) =>
            says(sought, stretch),
          );
          expect(mistakes).to.deep.equal([]);
        }
      });
    }

    it(`compares ${what} with any number, however it is written`, async () => {
      const comparison = fc.constantFrom(...Object.entries(oracle.SAYS));
      await fc.assert(
        fc.asyncProperty(comparison, written, async ([prefix, says], sought) => {
          const mistakes = await wrong(`${parameter}=${prefix}${sought.text}`, targets, ({ stretch }) =>
            says(sought, stretch),
          );
          expect(mistakes).to.deep.equal([]);
        }),
        runs(200),
      );
    });

    it(`tells ${what} that are missing`, async () => {
      expect(await find(`${parameter}:missing=true`)).to.deep.equal(['silent']);
      expect(await find(`${parameter}:missing=false`)).to.have.members(targets.map((_, at) => `t${at}`));
    });
  }

  it('takes a number without a prefix as eq', async () => {
    const eq = await find('Observation?value-quantity=eq5.40');
    expect(await find('Observation?value-quantity=5.40')).to.deep.equal(eq);
    expect(eq).to.not.be.empty;
  });

  it('compares the quantity in a composite by every prefix, beside the code', async () => {
    for (const [prefix, says] of Object.entries(oracle.SAYS)) {
      for (const sought of SOUGHT.filter(({ text }) => text === '5.40' || text === '1e2')) {
        const search = `Observation?code-value-quantity=odd$${prefix}${sought.text}`;
        const odd = (target: Target) =>
          target.resource.resourceType === 'Observation' && target.resource.code.coding?.[0]?.code === 'odd';
        expect(await wrong(search, quantities, (target) => odd(target) && says(sought, target.stretch))).to.deep.equal(
          [],
        );
      }
    }
  });

  it('tells composites that are missing', async () => {
    expect(await find('Observation?code-value-quantity:missing=true')).to.deep.equal(['silent']);
  });

  it('finds a number of many figures by exactly these, and no more once it has changed', async () => {
    const figures = [4.866293384, 0.003596034085, 0.297235315288884, 0.000003132338067731];
    const exactly = (value: number) => find(`RiskAssessment?probability=ge${value}&probability=le${value}`);
    for (const [at, probabilityDecimal] of figures.entries()) {
      const subject = { display: 'a patient' };
      const json = {
        resourceType: 'RiskAssessment',
        id: 'r',
        status: 'final',
        subject,
        prediction: [{ probabilityDecimal }],
      };
      await server.request('PUT', '/RiskAssessment/r', { as: asRoot, json });
      for (const each of figures) expect(await exactly(each)).to.deep.equal(each === figures[at] ? ['r'] : []);
    }
  });

  it('finds a number by all of its figures, also where they say more than a double holds', async () => {
    const figures = ['24.489795918367346', '0.30000000000000004', '0.1234567890123456789', '-123456789012345678901'];
    const subject = { display: 'a patient' };
    const headers = { 'content-type': 'application/fhir+json' };
    for (const [at, value] of figures.entries()) {
      const stored = JSON.stringify({
        resourceType: 'ChargeItem',
        status: 'billed',
        code: { text: 'a visit' },
        subject,
      });
      const body = `${stored.slice(0, -1)},"factorOverride":${value}}`;
      const { status, text } = await server.request('PUT', `/ChargeItem/figures-${at}`, { as: asRoot, body, headers });
      expect(status, text).to.equal(201);
    }
    for (const [at, value] of figures.entries()) {
      expect(await find(`ChargeItem?factor-override=${value}`), value).to.deep.equal([`figures-${at}`]);
      expect(await find(`ChargeItem?factor-override=ne${value}&_id=figures-${at}`), value).to.deep.equal([]);
    }
  });

  it('knows what lies beyond zero and beyond the largest number', async () => {
    for (const [id, comparator, value] of [
      ['below', '<', 0],
      ['above', '>', 0],
      ['beyond', '>', Number.MAX_VALUE],
    ]) {
      const length = { comparator, value };
      const json = { resourceType: 'Encounter', id, status: 'finished', class: { code: 'AMB' }, length };
      const { status, text } = await server.request('PUT', `/Encounter/${id}`, { as: asRoot, json });
      expect(status, text).to.equal(201);
    }
    expect(await find('Encounter?length=eb0')).to.have.members(['below']);
    expect(await find('Encounter?length=sa0')).to.have.members(['above', 'beyond']);
    expect(await find('Encounter?length=le0')).to.have.members(['below']);
    expect(await find('Encounter?length=ge1e307')).to.have.members(['above', 'beyond']);
  });
});
