/** Evaluates a ValueSet without a terminology server (https://hl7.org/fhir/R4/valueset.html). */
import { isObject, type Json, type JsonObject } from '../../json/value.ts';
import { BadValue } from '../kinds/kind.ts';
import { readNumber } from '../kinds/number.ts';
import { codeKey } from '../kinds/token.ts';
import { padded } from '../sql/fragment.ts';
import { is, type RowTest } from '../sql/row-test.ts';
import { type CodeSystem, objects } from './code-system.ts';
import { filtered } from './filters.ts';

/** How the content of a value set is evaluated. */
export interface Reading {
  /** True if index rows have no system, because the element implies it: only codes are compared. */
  implied: boolean;
  /** Returns the test for another value set, by its canonical URL. */
  imported(canonical: string): Promise<RowTest>;
  /** Returns a code system by its URL and an optional version. */
  codeSystem(url: string, version: string | undefined): Promise<CodeSystem>;
  /** Called with the number of codes to compare; throws if they become too many. */
  count(codes: number): void;
  /** Counts the concepts and properties that filters will scan; throws if there are too many. */
  lookThrough(size: number): void;
}

/**
 * Returns the test for token rows in a value set: by its expansion if that is complete, otherwise by `compose`, minus
 * what it excludes. Throws BadValue if that needs a terminology server.
 */
export async function membersOf(set: JsonObject, reading: Reading): Promise<RowTest> {
  const { expansion, compose } = set;
  if (isObject(expansion) && isWhole(expansion)) return codings(flat(expansion['contains']), reading);
  if (!isObject(compose)) throw new BadValue('store the value set with an expansion or a compose element');
  const inactive = compose['inactive'] !== false;
  const included = await partsOf(compose['include'], reading, inactive);
  const excluded = await partsOf(compose['exclude'], reading, true);
  return excluded.length === 0 ? { any: included } : { all: [{ any: included }, { not: { any: excluded } }] };
}

/** An expansion may be one page of a longer one. */
function isWhole(expansion: JsonObject): boolean {
  const total = readNumber(expansion['total']);
  const from = readNumber(expansion['offset']) ?? 0;
  return from === 0 && (total === undefined || total <= flat(expansion['contains']).length);
}

/** Returns the entries of an expansion, nested ones included. */
function flat(contains: Json | undefined): JsonObject[] {
  return objects(contains).flatMap((entry) => [entry, ...flat(entry['contains'])]);
}

/** Returns the tests of a list of `include` or `exclude` parts. */
async function partsOf(parts: Json | undefined, reading: Reading, inactive: boolean): Promise<RowTest[]> {
  const tests: RowTest[] = [];
  for (const part of objects(parts)) tests.push(await partOf(part, reading, inactive));
  return tests;
}

/** Returns the intersection of what a part states: its system, its listed or filtered codes, and its value sets. */
async function partOf(part: JsonObject, reading: Reading, inactive: boolean): Promise<RowTest> {
  const { system, version, concept, filter, valueSet } = part;
  const all: RowTest[] = [];
  if (typeof system === 'string') {
    if (concept !== undefined)
      all.push(
        codingsOf(
          system,
          objects(concept).map(({ code }) => code ?? ''),
          reading,
        ),
      );
    if (filter !== undefined) {
      const concepts = await reading.codeSystem(system, typeof version === 'string' ? version : undefined);
      const filters = objects(filter);
      reading.lookThrough(concepts.size * filters.length);
      all.push(codingsOf(system, filtered(concepts, filters, inactive), reading));
    }
    if (all.length === 0) all.push(reading.implied ? is('code', '<>', '') : is('system', '=', codeKey(system)));
  }
  for (const canonical of Array.isArray(valueSet) ? valueSet : []) {
    if (typeof canonical === 'string') all.push(await reading.imported(canonical));
  }
  if (all.length === 0) throw new BadValue('store the value set with a system or a value set in each part of compose');
  return { all };
}

/** Returns the test for tokens with one of these codes of a system. */
export function codingsOf(system: string, codes: readonly Json[], reading: Reading): RowTest {
  return codings(
    codes.map((code) => ({ system, code })),
    reading,
  );
}

/** Returns the test for tokens with one of these codings. Abstract ones cannot occur in a resource. */
function codings(entries: JsonObject[], { implied, count }: Reading): RowTest {
  const bySystem = new Map<string, Set<string>>();
  for (const { system, code, abstract } of entries) {
    if (typeof code !== 'string' || code === '' || abstract === true) continue;
    const key = typeof system === 'string' && !implied ? codeKey(system) : '';
    bySystem.set(key, (bySystem.get(key) ?? new Set()).add(codeKey(code)));
  }
  const any = [...bySystem].map(([system, codes]): RowTest => {
    count(codes.size);
    const among = { column: 'code', in: padded([...codes]) };
    return implied ? among : { all: [among, is('system', '=', system)] };
  });
  return { any };
}
