import { Failure } from '../../errors.ts';
import type { JsonObject } from '../../json/value.ts';
import { BadValue } from '../kinds/kind.ts';
import { quoted } from '../parameters/values.ts';
import type { RowsCriterion, TermCriterion } from '../plan.ts';
import { padded } from '../sql/fragment.ts';
import { type RowTest, valuesLeft } from '../sql/row-test.ts';
import { CodeSystem } from './code-system.ts';
import { codingsOf, membersOf, type Reading } from './value-set.ts';

/** Where terminology is read from, and the budget for it. */
export interface Shelf {
  /** Returns at most two resources of a name that may be read for the criterion. Throws BadValue. */
  named(type: 'ValueSet' | 'CodeSystem', name: string): Promise<JsonObject[]>;
  /** Spends from the budget; throws BadValue if it is exhausted. */
  spend(what: 'resources' | 'codes' | 'concepts', number: number): void;
}

/** Beyond this, all rows are scanned once: seeking each code for each resource would cost the product of both. */
const FEW = 50;

/** Converts a terminology criterion to a test of token rows. Throws `parameter` Failures if it cannot be evaluated. */
export async function tokensOf(criterion: TermCriterion, shelf: Shelf): Promise<RowsCriterion> {
  const any = await testsOf(criterion, shelf);
  const codes = valuesLeft({ any }, 'code') ?? [];
  // The codes come first, so that rows are found by them.
  const among = codes.length === 0 ? [] : [{ column: 'code', in: padded([...new Set(codes)]) }];
  const access = codes.length === 0 || codes.length > FEW ? 'scan' : 'seek';
  const where = { all: [...among, { any }] };
  return { test: 'rows', table: 'search_token', param: criterion.param, where, access };
}

/** Returns the test of each value set, or of each line of concepts. */
async function testsOf({ name, implied, asks }: TermCriterion, shelf: Shelf): Promise<RowTest[]> {
  const told = async <Read>(what: string, read: () => Promise<Read>): Promise<Read> => {
    try {
      return await read();
    } catch (error) {
      if (error instanceof BadValue) throw new Failure('parameter', `${name} ${quoted(what)}: ${error.message}.`);
      throw error;
    }
  };
  const systems = new Map<string, CodeSystem>();
  const codeSystem = async (url: string, version?: string): Promise<CodeSystem> => {
    const canonical = version === undefined ? url : `${url}|${version}`;
    const known = systems.get(canonical) ?? (await readCodeSystem(canonical, shelf));
    systems.set(canonical, known);
    return known;
  };
  const readingAt = (path: string[]): Reading => ({
    implied,
    codeSystem,
    imported: (other) => members(other, path),
    count: (codes) => shelf.spend('codes', codes),
    lookThrough: (size) => shelf.spend('concepts', size),
  });
  const members = (set: string, path: string[]): Promise<RowTest> =>
    told(set, async () => {
      if (path.includes(set)) throw new BadValue('a value set must not import itself');
      return membersOf(await readValueSet(set, shelf), readingAt([...path, set]));
    });
  const line = (system: string, code: string, towards: 'above' | 'below'): Promise<RowTest> =>
    told(`${system}|${code}`, async () => {
      const codes = (await codeSystem(system)).line(code, towards);
      return codingsOf(system, [...codes], readingAt([]));
    });
  const tests: RowTest[] = [];
  if ('sets' in asks) for (const set of asks.sets) tests.push(await members(set, []));
  else for (const { system, code } of asks.concepts) tests.push(await line(system, code, asks.towards));
  return tests;
}

async function readValueSet(canonical: string, shelf: Shelf): Promise<JsonObject> {
  shelf.spend('resources', 1);
  const [set, other] = await shelf.named('ValueSet', canonical);
  if (other !== undefined) throw new BadValue('use url|version: there are several versions of the value set');
  if (set === undefined) {
    throw new BadValue('use a value set that is stored here, as ValueSet/id, url or url|version');
  }
  return set;
}

async function readCodeSystem(canonical: string, shelf: Shelf): Promise<CodeSystem> {
  shelf.spend('resources', 1);
  const [system, other] = await shelf.named('CodeSystem', canonical);
  const name = `the code system ${quoted(canonical)}`;
  if (other !== undefined) {
    throw new BadValue(`there are several versions of ${name}: keep one, or name its version in the value set`);
  }
  if (system === undefined) throw new BadValue(`store ${name} here`);
  return new CodeSystem(system);
}
