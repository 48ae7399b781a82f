import { hash } from 'node:crypto';
import type { RowFilter, Rows } from '../access.ts';
import { Failure } from '../errors.ts';
import type { Projection } from '../project.ts';
import { readCursor } from './cursor.ts';
import type { SearchType } from './index/extract.ts';
import type { Definitions } from './index/paths.ts';
import { isEffective } from './parameters/columns.ts';
import { parseCriterion, type SearchOptions, typeNamed } from './parameters/criteria.ts';
import { counting, refuseExcess } from './parameters/extent.ts';
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

/** The state of a parse. */
interface Draft {
  definitions: Definitions;
  type: SearchType;
  search: ParsedSearch;
  cursor: string | undefined;
}

/**
 * Parameters that control the response rather than the matches (FHIR R4 §3.1.1.5). Of `_sort`, `_count`, `_total` and
 * `_summary` the last one counts; `_elements` and includes add up.
 */
const RESULT: Record<string, (draft: Draft, value: string) => void> = {
  _sort: ({ type, search }, value) => {
    search.sort = parseSort(type, value);
  },
  _count: ({ search }, value) => {
    if (!/^\d{1,9}$/.test(value)) throw new Failure('parameter', '_count must be a whole number from 0.');
    search.count = Math.min(Number(value), LARGEST_COUNT);
  },
  _total: ({ search }, value) => {
    search.total = oneOf('_total', TOTALS, value);
  },
  _summary: ({ search }, value) => {
    search.summary = oneOf('_summary', SUMMARIES, value);
  },
  _elements: ({ type, search }, value) => {
    search.elements = [...new Set([...(search.elements ?? []), ...parseElements(type, value)])];
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
  // These control only the format of the response.
  _format: () => undefined,
  _pretty: () => undefined,
};

/** The result parameters to document for any search. The cursor is internal, and formats apply to all requests. */
export const RESULT_PARAMETERS: readonly string[] = Object.keys(RESULT).filter(
  (name) => !['_cursor', '_format', '_pretty'].includes(name),
);

/**
 * Parses the parameters of a search in the order in which they were sent; parameters without a value are ignored.
 * Throws `unknown-parameter` and `parameter` Failures that say what is right. With lenient handling, an unknown
 * parameter becomes a warning.
 */
export function parseSearch(
  definitions: Definitions,
  name: string,
  pairs: readonly Pair[],
  options: SearchOptions,
): ParsedSearch {
  if (pairs.length > MOST_PARAMETERS)
    throw new Failure('parameter', `A search can have at most ${MOST_PARAMETERS} parameters.`);
  const type = typeNamed(definitions, name);
  const draft: Draft = { definitions, type, search: everything(name), cursor: undefined };
  const found: Pair[] = [];
  const limits = new Set<Criterion>();
  const limiting = (shown: Rows) => {
    for (const criterion of shown) limits.add(criterion);
    return [...shown];
  };
  const rows = remembering((seen) => limiting(options.rows?.(seen) ?? []));
  const limited = { ...options, rows, count: counting() };
  for (const pair of pairs) {
    const [parameter, value] = pair;
    try {
      if (!take(draft, limited, parameter, value)) continue;
      if (!Object.hasOwn(RESULT, parameter) || parameter === '_sort') found.push([parameter, value]);
      if (parameter !== '_cursor') draft.search.understood.push([parameter, asDone(draft, parameter, value)]);
    } catch (error) {
      if (!options.lenient || !(error instanceof Failure && error.code === 'unknown-parameter')) throw error;
      draft.search.passedOver.push(pair);
      draft.search.warnings.push(`${error.message} It was ignored.`);
    }
  }
  const within = limiting(options.within === undefined ? [] : [options.within]);
  const own = options.ownRows === undefined ? rows(name) : limiting(options.ownRows);
  refuseTextOfIncluded(draft.search);
  const search = finish(draft, () => fingerprint(name, found, within), [...within, ...own]);
  refuseExcess(search.criteria, limits);
  return search;
}

/** Throws `parameter` if included resources are requested as texts (FHIR R4 §3.1.1.5.8). */
function refuseTextOfIncluded({ summary, includes }: ParsedSearch): void {
  if (summary !== 'text' || includes.length === 0) return;
  throw new Failure('parameter', '_summary=text cannot be combined with _include or _revinclude.');
}

/** A chain may reach the same type very often: the filter is asked once for each type. */
function remembering(rows: RowFilter): RowFilter {
  const known = new Map<string, Criterion[]>();
  return (type) => {
    const shown = known.get(type) ?? rows(type);
    known.set(type, shown);
    return shown;
  };
}

/** Parses `_elements` and `_summary` of a read and ignores its other parameters. Throws `parameter` Failures. */
export function parseProjection(definitions: Definitions, name: string, pairs: readonly Pair[]): Projection {
  const draft: Draft = { definitions, type: typeNamed(definitions, name), search: everything(name), cursor: undefined };
  for (const [parameter, value] of pairs) {
    if ((parameter === '_elements' || parameter === '_summary') && value !== '') RESULT[parameter]?.(draft, value);
  }
  return draft.search;
}

/** Parses one parameter; returns false if it has no value. */
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

/** Throws `unknown-parameter` for a result parameter with a modifier that it does not have. */
function refuseModifier(name: string): void {
  const colon = name.indexOf(':');
  const code = name.slice(0, Math.max(colon, 0));
  if (!Object.hasOwn(RESULT, code)) return;
  const modifier = quoted(name.slice(colon + 1));
  const known = Object.keys(RESULT).filter((each) => each.startsWith(`${code}:`));
  const has = known.map((each) => each.slice(colon)).join(', ');
  const told =
    has === '' ? `no modifiers, so ${modifier} is not supported.` : `no modifier ${modifier}. It has: ${has}.`;
  throw new Failure('unknown-parameter', `${code} has ${told}`);
}

/** Returns the value that was applied: `_count` is capped at the largest page size (§3.1.1.5.3). */
function asDone({ search }: Draft, name: string, value: string): string {
  return name === '_count' ? String(search.count) : value;
}

/** Returns the search for all resources of a type. */
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

/** Returns what a cursor is bound to: a digest of the type, the parameters and the compartment. */
function fingerprint(type: string, found: Pair[], within: Criterion[]): string {
  const text = JSON.stringify([type, ...found.map((pair) => JSON.stringify(pair)).sort(), ...within]);
  return hash('sha256', text, 'base64url').slice(0, 16);
}

function oneOf<Value extends string>(name: string, values: readonly Value[], value: string): Value {
  const found = values.find((each) => each === value);
  if (found === undefined) throw new Failure('parameter', `${name} must be one of ${values.join(', ')}.`);
  return found;
}

/** Parses names of top-level elements, optionally prefixed with their type: `name`, `Patient.name`, `value[x]`. */
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
