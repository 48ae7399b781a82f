/** FHIR R4 §3.1.1.4.7 and the prefixes of §3.1.1.4.5, against ranges compared the long way. */
import { expect } from 'chai';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { runs, SEED } from '../harness/generated.ts';
import { type Library, OPTIONS, openLibrary } from './library.ts';
import { type Comparison, NEVER, SAYS, type Stretch, stretchOf } from './oracle/dates.ts';

interface Target {
  id: string;
  element: Record<string, unknown>;
  stretch: Stretch;
}

/** Written dates of every precision, near enough to one another that they overlap. */
const written = fc
  .tuple(
    fc.constantFrom('2019', '2020', '2021'),
    fc.constantFrom('01', '02', '12'),
    fc.constantFrom('01', '28'),
    fc.constantFrom('00:00', '23:59', '12:30'),
    fc.constantFrom(':00', ':59'),
    fc.constantFrom('.000', '.999', '.500'),
    fc.constantFrom('Z', '+02:00', '-11:30'),
    fc.integer({ min: 1, max: 6 }),
  )
  .map(([year, month, day, minute, second, millisecond, zone, precision]) => {
    if (precision < 4) return [year, month, day].slice(0, precision).join('-');
    return `${year}-${month}-${day}T${minute}${precision > 4 ? second : ''}${precision > 5 ? millisecond : ''}${zone}`;
  });

const target = fc.oneof(
  written.map((date) => ({ element: { effectiveDateTime: date }, stretch: stretchOf(date) })),
  fc.tuple(written, written).map(([one, other]) => {
    const [start, end] = stretchOf(one).first <= stretchOf(other).first ? [one, other] : [other, one];
    const stretch = { first: stretchOf(start).first, last: Math.max(stretchOf(end).last, stretchOf(start).first) };
    return { element: { effectivePeriod: { start, end } }, stretch };
  }),
  written.map((start) => ({
    element: { effectivePeriod: { start } },
    stretch: { ...NEVER, first: stretchOf(start).first },
  })),
  written.map((end) => ({ element: { effectivePeriod: { end } }, stretch: { ...NEVER, last: stretchOf(end).last } })),
  fc.array(written, { minLength: 1, maxLength: 3 }).map((event) => {
    const all = event.map(stretchOf);
    const stretch = {
      first: Math.min(...all.map(({ first }) => first)),
      last: Math.max(...all.map(({ last }) => last)),
    };
    return { element: { effectiveTiming: { event } }, stretch };
  }),
);

describe('Search by date', () => {
  let library: Library;
  const targets: Target[] = [];

  before(async () => {
    library = await openLibrary(['Observation']);
    for (const [index, each] of fc.sample(target, { numRuns: 300, seed: SEED }).entries()) {
      const id = `o${index}`;
      targets.push({ id, ...each });
      await library.add({ resourceType: 'Observation', id, ...each.element });
    }
  });

  after(() => library.close());

  for (const prefix of Object.keys(SAYS) as Comparison[]) {
    it(`compares ranges by ${prefix} at every precision`, async () => {
      await fc.assert(
        fc.asyncProperty(written, async (date) => {
          const search = stretchOf(date);
          const expected = targets
            .filter(({ stretch }) => SAYS[prefix](search, stretch, OPTIONS.now))
            .map(({ id }) => id);
          expect(await library.ids('Observation', `date=${prefix}${date}&_count=1000`)).to.have.members(expected);
        }),
        runs(250),
      );
    });
  }

  it('takes a date without a prefix as eq, a plus as a space, and a date without a zone as UTC', async () => {
    const plain = await library.ids('Observation', 'date=2020&_count=1000');
    expect(plain).to.deep.equal(await library.ids('Observation', 'date=eq2020&_count=1000'));
    expect(plain).to.not.be.empty;
    const zoned = 'date=ge2020-01-01T00:00:00';
    expect(await library.ids('Observation', `${zoned} 02:00`)).to.deep.equal(
      await library.ids('Observation', `${zoned}+02:00`),
    );
    expect(await library.ids('Observation', zoned)).to.deep.equal(await library.ids('Observation', `${zoned}Z`));
  });

  it('finds what was changed when by _lastUpdated', async () => {
    await library.add({ resourceType: 'Observation', id: 'late' }, Date.UTC(2025, 2, 3, 4, 5, 6, 7));
    for (const found of [
      'eq2025-03-03',
      '2025',
      'gt2025-03-02',
      'ge2025-03-03',
      'lt2025-03-04&_lastUpdated=gt2020',
      'sa2025-03-02',
      'ap2025-03-03T04:05:06.007Z',
    ]) {
      expect(await library.ids('Observation', `_lastUpdated=${found}`), found).to.deep.equal(['late']);
    }
    for (const missed of [
      'gt2025-03-03',
      'eb2025-03-03&_lastUpdated=gt2020',
      'le2025-03-02&_lastUpdated=gt2020',
      'ne2025&_lastUpdated=gt2020',
    ]) {
      expect(await library.ids('Observation', `_lastUpdated=${missed}`), missed).to.deep.equal([]);
    }
  });

  for (const wrong of [
    '2020-13',
    '2021-02-29',
    '2020-1',
    'yesterday',
    'xx2020',
    '2020-01-01T25:00Z',
    '2020-01-01T10:00+15:00',
    '0000',
    'eq',
  ]) {
    it(`refuses ${wrong}`, () => {
      expect(() => library.parse('Observation', `date=${wrong}`)).to.throw(/^date must be a date such as/);
    });
  }
});
