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

/**
 * Limits of one search: each code takes a binding or two of a query, whose number databases limit; each filter scans
 * all concepts of its system and their properties, and blocks the event loop meanwhile.
 */
const MOST = { resources: 20, codes: 3000, concepts: 500_000 };

/**
 * Limits of all silent criteria of a search together. They have a budget of their own: what remains of a shared one
 * would reveal them.
 */
const MOST_SILENT = { ...MOST, codes: 2000 };

/** The rest of a budget; it is restored if the spending was in vain. */
interface Purse {
  spend: Shelf['spend'];
  left: typeof MOST;
}

function purseOf(most: typeof MOST): Purse {
  const left = { ...most };
  const spend: Shelf['spend'] = (what, number) => {
    left[what] -= number;
    if (left.concepts < 0) throw new BadValue('use value sets with fewer filters, or smaller code systems');
    const all = `${most.resources} value sets and code systems and ${most.codes} codes, including imports`;
    if (left[what] < 0) throw new BadValue(`use fewer: a search can use at most ${all}`);
  };
  return { spend, left };
}

/**
 * Resolves the terminology in criteria into tests of index rows. Throws `parameter` Failures if a value set or a code
 * system is missing, ambiguous or cannot be evaluated. In a silent criterion, nothing matches then, and `report` gets
 * the message.
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

/** Returns true if a criterion, or a part of it, depends on terminology. */
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

/** Returns at most two resources of a type that satisfy the criteria. */
async function some(connection: Connection, type: string, criteria: Criterion[]): Promise<JsonObject[]> {
  const keys = sql`${keysOfType(type, criteria)} LIMIT 2`;
  const rows = await query<FoundRow>(connection, versionsOf(keys, 'r.key'));
  return rows.map(({ text }) => readJson(text ?? '{}')).filter(isObject);
}
