import { Failure } from '../../errors.ts';
import { readJson } from '../../json/read.ts';
import { isObject, type JsonObject } from '../../json/value.ts';
import type { Connection } from '../../storage/connection.ts';
import { BadValue } from '../kinds/kind.ts';
import type { Criterion } from '../plan.ts';
import { keysOfType } from '../sql/condition.ts';
import { sql } from '../sql/fragment.ts';
import { type FoundRow, query, versionsOf } from '../sql/versions.ts';
import { type Shelf, tokensOf } from './tokens.ts';

/** What one search may ask for: each code is a value or two of a query, whose number databases bound. */
const MOST = { resources: 20, codes: 3000 };

/** What all the silent criteria of a search may: of their own, since what is left of the others' would tell of them. */
const MOST_SILENT = { resources: 20, codes: 2000 };

/** What is left to spend, which is put back where it was spent in vain. */
interface Purse {
  spend: Shelf['spend'];
  left: typeof MOST;
}

function purseOf(most: typeof MOST): Purse {
  const left = { ...most };
  const spend: Shelf['spend'] = (what, number) => {
    left[what] -= number;
    const all = `${most.resources} value sets and code systems and ${most.codes} codes, with those that they import`;
    if (left[what] < 0) throw new BadValue(`name fewer: a search takes at most ${all}`);
  };
  return { spend, left };
}

/**
 * Criteria in which terminology is read: what it decides on becomes a test of rows. Throws `parameter` Failures where
 * a value set or a code system is not there, is there more than once or cannot be made out; where that happens in a
 * silent criterion, nothing satisfies it and its `report` is told.
 */
export async function expanded(connection: Connection, criteria: readonly Criterion[]): Promise<Criterion[]> {
  if (!criteria.some(asksForTerms)) return [...criteria];
  const silent = purseOf(MOST_SILENT);
  const each = async (some: readonly Criterion[], purse: Purse): Promise<Criterion[]> => {
    const found: Criterion[] = [];
    for (const criterion of some) found.push(await expand(criterion, purse));
    return found;
  };
  const expand = async (criterion: Criterion, purse: Purse): Promise<Criterion> => {
    if (!asksForTerms(criterion)) return criterion;
    switch (criterion.test) {
      case 'term': {
        const { find } = criterion;
        const named: Shelf['named'] = async (type, name) =>
          some(connection, type, await expanded(connection, find(type, name)));
        return tokensOf(criterion, { named, spend: purse.spend });
      }
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

/** True where terminology decides on a criterion, or on a part of it. */
export function asksForTerms(criterion: Criterion): boolean {
  switch (criterion.test) {
    case 'term':
      return true;
    case 'not':
    case 'silent':
      return asksForTerms(criterion.of);
    case 'any':
    case 'all':
      return criterion.of.some(asksForTerms);
    case 'chain':
    case 'has':
      return criterion.criteria.some(asksForTerms);
    case 'line':
      return criterion.line.criteria.some(asksForTerms);
    default:
      return false;
  }
}

/** The resources of a type that satisfy criteria, two at most. */
async function some(connection: Connection, type: string, criteria: Criterion[]): Promise<JsonObject[]> {
  const keys = sql`${keysOfType(type, criteria)} LIMIT 2`;
  const rows = await query<FoundRow>(connection, versionsOf(keys, 'r.key'));
  return rows.map(({ text }) => readJson(text ?? '{}')).filter(isObject);
}
