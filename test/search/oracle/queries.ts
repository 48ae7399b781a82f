/** Queries for patients, most of them about somebody in particular, so that they find something but not everybody. */
import fc from 'fast-check';
import type { Patient } from 'fhir/r4.js';
import { BASE } from './cast.ts';
import { type Criterion, type SortKey, written } from './criterion.ts';
import { criterionOf, recipe } from './recipe.ts';
import type { World } from './world.ts';

export interface Query {
  criteria: Criterion[];
  sort: SortKey[];
  /** On how many pages the matches are to come. */
  pages: number;
  shape: 'plain' | 'total' | 'count';
  post: boolean;
  /** Where the resources are served. */
  root: '' | '/fhir';
}

/** The parameters of a query but `_count`. */
export function pairsOf({ criteria, sort, shape }: Query): [name: string, value: string][] {
  const pairs = criteria.map(written);
  if (sort.length > 0) {
    pairs.push(['_sort', sort.map(({ parameter, descending }) => (descending ? '-' : '') + parameter).join(',')]);
  }
  if (shape === 'total') pairs.push(['_total', 'accurate']);
  if (shape === 'count') pairs.push(['_summary', 'count']);
  return pairs;
}

const SORTABLE =
  'family name given birthdate death-date gender phone address-city address-state deceased active _id _lastUpdated';

/** Most of what finds more gets another criterion: it takes long and shows little. */
const BROAD = 100;

/** The start of somebody's family name, or that there is none. */
function narrower({ name }: Patient): Criterion {
  const [family] = name?.flatMap(({ family = [] }) => family) ?? [];
  const part = { link: undefined, parameter: 'family' };
  if (family === undefined) return { ...part, modifier: 'missing', asks: [{ prefix: '', parts: ['true'] }] };
  return { ...part, modifier: undefined, asks: [{ prefix: '', parts: [[...family].slice(0, 2).join('')] }] };
}

/** Queries over a world. */
export function queries(world: World): fc.Arbitrary<Query> {
  const patients = world.patients;
  const odd = patients.filter(({ multipleBirthBoolean }) => multipleBirthBoolean === undefined);
  const whom = fc.oneof(fc.constantFrom(...patients), fc.constantFrom(...odd));
  return fc.record({
    criteria: fc
      .tuple(whom, fc.array(recipe, { minLength: 1, maxLength: 4 }), fc.nat(5))
      .map(([patient, recipes, broad]) => {
        const criteria = recipes.map((each) => criterionOf(world, patient, each));
        const found = world.find(criteria, { base: BASE, now: Date.now() });
        return broad === 0 || found.length <= BROAD ? criteria : [...criteria, narrower(patient)];
      }),
    sort: fc.array(fc.record({ parameter: fc.constantFrom(...SORTABLE.split(' ')), descending: fc.boolean() }), {
      maxLength: 2,
    }),
    pages: fc.constantFrom(1, 1, 1, 2, 5),
    shape: fc.constantFrom('plain', 'plain', 'plain', 'total', 'count'),
    post: fc.boolean(),
    root: fc.constantFrom('', '/fhir'),
  });
}
