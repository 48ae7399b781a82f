import type { Connection } from '../connection.ts';
import { Failure } from '../errors.ts';
import { readJson } from '../json/read.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import { keysOfType } from './condition.ts';
import { padded, sql } from './fragment.ts';
import { BadValue } from './kinds/kind.ts';
import type { Criterion, SetCriterion } from './plan.ts';
import { type RowTest, valuesLeft } from './row-test.ts';
import { membersOf, type Reading } from './value-set.ts';
import { quoted } from './values.ts';
import { type FoundRow, query, versionsOf } from './versions.ts';

/** What one search may ask for: each code is a value or two of a query, whose number databases bound. */
const MOST = { sets: 20, codes: 3000 };

/** What all the silent criteria of a search may: of their own, since what is left of the others' would tell of them. */
const MOST_SILENT = { sets: 20, codes: 2000 };

/** Of more codes, all rows are gathered once: to seek each code for each resource would cost the product of both. */
const FEW = 50;

/** Takes off from what is left; throws BadValue where that is not enough. */
type Spend = (what: keyof typeof MOST, number: number) => void;

/** What is left to spend, which is put back where it was spent in vain. */
interface Purse {
  spend: Spend;
  left: typeof MOST;
}

function purseOf(most: typeof MOST): Purse {
  const left = { ...most };
  const spend: Spend = (what, number) => {
    left[what] -= number;
    const all = `${most.sets} value sets and ${most.codes} codes, with those that they import`;
    if (left[what] < 0) throw new BadValue(`name fewer: a search takes at most ${all}`);
  };
  return { spend, left };
}

/**
 * Criteria in which value sets are read: each `in` becomes a test of rows. Throws `parameter` Failures where a set is
 * not there, is there more than once or cannot be made out; where that happens in a silent criterion, nothing
 * satisfies it and its `report` is told.
 */
export async function expanded(connection: Connection, criteria: readonly Criterion[]): Promise<Criterion[]> {
  const silent = purseOf(MOST_SILENT);
  const each = async (some: readonly Criterion[], purse: Purse): Promise<Criterion[]> => {
    const found: Criterion[] = [];
    for (const criterion of some) found.push(await expand(criterion, purse));
    return found;
  };
  const expand = async (criterion: Criterion, purse: Purse): Promise<Criterion> => {
    if (!namesSets(criterion)) return criterion;
    switch (criterion.test) {
      case 'in':
        return read(connection, criterion, purse.spend);
      case 'silent': {
        const before = { ...silent.left };
        try {
          return await expand(criterion.of, silent);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          Object.assign(silent.left, before);
          criterion.report(error.message);
          return { test: 'any', of: [] };
        }
      }
      case 'not':
        return { ...criterion, of: await expand(criterion.of, purse) };
      case 'any':
      case 'all':
        return { ...criterion, of: await each(criterion.of, purse) };
      case 'chain':
      case 'has':
        return { ...criterion, criteria: await each(criterion.criteria, purse) };
      case 'line':
        return { ...criterion, line: { ...criterion.line, criteria: await each(criterion.line.criteria, purse) } };
      default:
        return criterion;
    }
  };
  return each(criteria, purseOf(MOST));
}

/** True where a criterion, or a part of it, names value sets. */
export function namesSets(criterion: Criterion): boolean {
  switch (criterion.test) {
    case 'in':
      return true;
    case 'not':
    case 'silent':
      return namesSets(criterion.of);
    case 'any':
    case 'all':
      return criterion.of.some(namesSets);
    case 'chain':
    case 'has':
      return criterion.criteria.some(namesSets);
    case 'line':
      return criterion.line.criteria.some(namesSets);
    default:
      return false;
  }
}

async function read(
  connection: Connection,
  { name, param, sets, implied, find }: SetCriterion,
  spend: Spend,
): Promise<Criterion> {
  const members = async (set: string, path: string[]): Promise<RowTest> => {
    const reading: Reading = {
      implied,
      imported: (other) => members(other, [...path, set]),
      count: (codes) => spend('codes', codes),
    };
    try {
      if (path.includes(set)) throw new BadValue('let no value set import itself');
      spend('sets', 1);
      return await membersOf(await valueSet(connection, await expanded(connection, find(set))), reading);
    } catch (error) {
      if (error instanceof BadValue) throw new Failure('parameter', `${name} ${quoted(set)}: ${error.message}.`);
      throw error;
    }
  };
  const any: RowTest[] = [];
  for (const set of sets) any.push(await members(set, []));
  const codes = valuesLeft({ any }, 'code') ?? [];
  // The codes stand before the rest, so that rows are sought by them.
  const among = codes.length === 0 ? [] : [{ column: 'code', in: padded([...new Set(codes)]) }];
  const access = codes.length === 0 || codes.length > FEW ? 'scan' : 'seek';
  return { test: 'rows', table: 'search_token', param, where: { all: [...among, { any }] }, access };
}

/** The one ValueSet that satisfies criteria. Throws BadValue. */
async function valueSet(connection: Connection, criteria: Criterion[]): Promise<JsonObject> {
  const keys = sql`${keysOfType('ValueSet', criteria)} LIMIT 2`;
  const [found, other] = await query<FoundRow>(connection, versionsOf(keys, 'r.key'));
  if (other !== undefined) throw new BadValue('add the version of the value set as url|version: there are several');
  const set = found?.text == null ? undefined : readJson(found.text);
  if (!isObject(set)) throw new BadValue('name a value set that is stored here, as ValueSet/id, url or url|version');
  return set;
}
