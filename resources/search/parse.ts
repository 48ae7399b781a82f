import { hash } from 'node:crypto';
import type { RowFilter, Rows } from '../access.ts';
import { Failure } from '../errors.ts';
import type { Projection } from '../project.ts';
import { readCursor } from './cursor.ts';
import type { SearchType } from './index/extract.ts';
import type { Definitions } from './index/paths.ts';
import { isEffective } from './parameters/columns.ts';
import { parseCriterion, type SearchOptions, typeNamed } from './parameters/criteria.ts';
import { refuseExcess } from './parameters/extent.ts';
import { parseInclude } from './parameters/include.ts';
import { parseSort } from './parameters/order.ts';
import { quoted } from './parameters/values.ts';
import type { Criterion, ParsedSearch, SummaryMode, TotalMode } from './plan.ts';

type Pair = readonly [name: string, value: string];

const DEFAULT_COUNT = 100;
const LARGEST_COUNT = 1000;
const MOST_PARAMETERS = 100;

const TOTALS: readonly TotalMode[] = ['none', 'estimate', 'accurate'];
const SUMMARIES: readonly SummaryMode[] = ['true', 'false', 'text', 'data', 'count'];

/** What is being understood, before its parts are put together. */
interface Draft {
  definitions: Definitions;
  type: SearchType;
  search: ParsedSearch;
  cursor: string | undefined;
}

/** Parameters that shape the answer rather than choose what is found (FHIR R4 §3.1.1.5); the last of each counts. */
const RESULT: Record<string, (draft: Draft, value: string) => void> = {
  _sort: ({ type, search }, value) => {
    search.sort = parseSort(type, value);
  },
  _count: ({ search }, value) => {
    if (!/^\d{1,9}$/.test(value)) throw new Failure('parameter', '_count: write a whole number from 0.');
    search.count = Math.min(Number(value), LARGEST_COUNT);
  },
  _total: ({ search }, value) => {
    search.total = oneOf('_total', TOTALS, value);
  },
  _summary: ({ search }, value) => {
    search.summary = oneOf('_summary', SUMMARIES, value);
  },
  _elements: ({ type, search }, value) => {
    search.elements = [...(search.elements ?? []), ...parseElements(type, value)];
  },
  _include: ({ definitions, search }, value) => search.includes.push(parseInclude(definitions, value, '_include')),
  '_include:iterate': ({ definitions, search }, value) =>
    search.includes.push(parseInclude(definitions, value, '_include', true)),
  _revinclude: ({ definitions, search }, value) =>
    search.includes.push(parseInclude(definitions, value, '_revinclude')),
  '_revinclude:iterate': ({ definitions, search }, value) =>
    search.includes.push(parseInclude(definitions, value, '_revinclude', true)),
  _cursor: (draft, value) => {
    draft.cursor = value;
  },
  // Those of the answer alone.
  _format: () => undefined,
  _pretty: () => undefined,
};

/** What shapes the answer of any search, for people: the cursor is the server's own, and formats are of any request. */
export const RESULT_PARAMETERS: readonly string[] = Object.keys(RESULT).filter(
  (name) => !['_cursor', '_format', '_pretty'].includes(name),
);

/**
 * Understands the parameters of a search of a type, in the order in which they were sent; parameters without a
 * value are passed over. Throws `unknown-parameter` and `parameter` Failures that say what is
 * right; what is unknown becomes a warning where handling is lenient.
 */
export function parseSearch(
  definitions: Definitions,
  name: string,
  pairs: readonly Pair[],
  options: SearchOptions,
): ParsedSearch {
  if (pairs.length > MOST_PARAMETERS) throw new Failure('parameter', `Give at most ${MOST_PARAMETERS} parameters.`);
  const type = typeNamed(definitions, name);
  const draft: Draft = { definitions, type, search: everything(name), cursor: undefined };
  const found: Pair[] = [];
  const limits = new Set<Criterion>();
  const limiting = (shown: Rows) => {
    for (const criterion of shown) limits.add(criterion);
    return [...shown];
  };
  const rows: RowFilter = (seen) => limiting(options.rows?.(seen) ?? []);
  const limited = { ...options, rows };
  for (const pair of pairs) {
    const [parameter, value] = pair;
    try {
      if (!take(draft, limited, parameter, value)) continue;
      if (!Object.hasOwn(RESULT, parameter) || parameter === '_sort') found.push([parameter, value]);
      if (parameter !== '_cursor') draft.search.understood.push([parameter, asDone(draft, parameter, value)]);
    } catch (error) {
      if (!options.lenient || !(error instanceof Failure && error.code === 'unknown-parameter')) throw error;
      draft.search.passedOver.push(pair);
      draft.search.warnings.push(`${error.message} It was passed over.`);
    }
  }
  const within = limiting(options.within === undefined ? [] : [options.within]);
  const own = options.ownRows === undefined ? rows(name) : limiting(options.ownRows);
  const search = finish(draft, () => fingerprint(name, found, within), [...within, ...own]);
  refuseExcess(search.criteria, limits);
  return search;
}

/**
 * Understands `_elements` and `_summary` of a read; what else there is in its query shapes nothing.
 * Throws `parameter` Failures.
 */
export function parseProjection(definitions: Definitions, name: string, pairs: readonly Pair[]): Projection {
  const draft: Draft = { definitions, type: typeNamed(definitions, name), search: everything(name), cursor: undefined };
  for (const [parameter, value] of pairs) {
    if ((parameter === '_elements' || parameter === '_summary') && value !== '') RESULT[parameter]?.(draft, value);
  }
  return draft.search;
}

/** Takes one parameter; false where it has no value. */
function take(draft: Draft, options: SearchOptions, name: string, value: string): boolean {
  if (value === '') return false;
  const result = Object.hasOwn(RESULT, name) ? RESULT[name] : undefined;
  if (result !== undefined) {
    result(draft, value);
    return true;
  }
  refuseModifier(name);
  const criterion = parseCriterion(draft.definitions, draft.type, options, name, value);
  if (criterion !== undefined) draft.search.criteria.push(criterion);
  return criterion !== undefined;
}

/** Throws `unknown-parameter` for what shapes the answer with a modifier that it does not have. */
function refuseModifier(name: string): void {
  const colon = name.indexOf(':');
  const code = name.slice(0, Math.max(colon, 0));
  if (!Object.hasOwn(RESULT, code)) return;
  const modifier = quoted(name.slice(colon + 1));
  const known = Object.keys(RESULT).filter((each) => each.startsWith(`${code}:`));
  const has = known.map((each) => each.slice(colon)).join(', ');
  const told = has === '' ? `no modifier, ${modifier} neither.` : `no modifier ${modifier}. It has: ${has}.`;
  throw new Failure('unknown-parameter', `${code} has ${told}`);
}

/** The value by which a parameter was done: a page holds no more than the largest (§3.1.1.5.3). */
function asDone({ search }: Draft, name: string, value: string): string {
  return name === '_count' ? String(search.count) : value;
}

/** The search of all resources of a type. */
export function everything(type: string): ParsedSearch {
  return {
    type,
    criteria: [],
    selective: false,
    sort: [],
    count: DEFAULT_COUNT,
    bytes: undefined,
    total: 'estimate',
    summary: 'false',
    elements: undefined,
    after: undefined,
    fingerprint: () => '',
    includes: [],
    passedOver: [],
    warnings: [],
    understood: [],
  };
}

function finish({ search, cursor }: Draft, print: () => string, bounds: Criterion[]): ParsedSearch {
  return {
    ...search,
    fingerprint: print,
    selective: search.criteria.some(isEffective),
    criteria: [...search.criteria, ...bounds],
    count: search.summary === 'count' ? 0 : search.count,
    after: cursor === undefined ? undefined : readCursor(cursor, print(), search.sort),
  };
}

/** What a cursor is bound to: all that decides which resources there are, and their order. */
function fingerprint(type: string, found: Pair[], within: Criterion[]): string {
  const text = JSON.stringify([type, ...found.map((pair) => JSON.stringify(pair)).sort(), ...within]);
  return hash('sha256', text, 'base64url').slice(0, 16);
}

function oneOf<Value extends string>(name: string, values: readonly Value[], value: string): Value {
  const found = values.find((each) => each === value);
  if (found === undefined) throw new Failure('parameter', `${name}: write one of ${values.join(', ')}.`);
  return found;
}

/** Names of top-level elements, with their type before them or without: `name`, `Patient.name`, `value[x]`. */
function parseElements({ definition }: SearchType, value: string): string[] {
  const own = `${definition.name}.`;
  return value
    .split(',')
    .map((name) => (name.startsWith(own) ? name.slice(own.length) : name).replace(/\[x\]$/, ''))
    .filter((name) => name !== '')
    .map((name) => {
      if (Object.hasOwn(definition.elements, name)) return name;
      throw new Failure(
        'parameter',
        `_elements: ${definition.name} has no element ${JSON.stringify(name.slice(0, 100))}.`,
      );
    });
}
