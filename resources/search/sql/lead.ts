import type { Connection } from '../../storage/connection.ts';
import type { Criterion, ParsedSearch } from '../plan.ts';
import { canLead, everyResource, rank, type Source, sourceOf, walkedSourceOf } from './condition.ts';
import { join, literal, sql } from './fragment.ts';
import { query } from './versions.ts';

/** From this many matches on, further ones do not change how a search runs, and are not counted unless requested. */
export const MANY = 1000;

/** A search whose queries start from its most selective criterion. */
export interface LedSearch {
  plan: ParsedSearch;
  source: Source;
  /** The source to use for matches in key order. */
  inOrder: Source;
  /** The other criteria. */
  rest: Criterion[];
}

/**
 * Finds the criterion with the fewest matches. Neither database can estimate it, since the frequency of a value depends
 * on the parameter. So index rows are counted, up to a limit, if there is a choice.
 */
export async function leadSearch(connection: Connection, plan: ParsedSearch): Promise<LedSearch> {
  const candidates = plan.criteria.filter(canLead).sort((left, right) => rank(left) - rank(right));
  const [likeliest] = candidates;
  const { chosen, many } = isInDoubt(candidates, plan.type)
    ? await fewest(connection, candidates, plan.type)
    : { chosen: likeliest, many: false };
  const source = (chosen && sourceOf(chosen, plan.type)) ?? everyResource(plan.type);
  const walked = chosen && many ? walkedSourceOf(chosen, plan.type) : undefined;
  const inOrder = walked && (await hasPlenty(connection, source)) ? walked : source;
  return { plan, source, inOrder, rest: plan.criteria.filter((each) => each !== chosen) };
}

/** Below this many rows, collecting and sorting them is cheaper than scanning past those that do not match. */
const PLENTY = 5_000;

async function hasPlenty(connection: Connection, { from, where }: Source): Promise<boolean> {
  const rows = sql`SELECT 1 FROM ${from} WHERE ${where} LIMIT ${literal(String(PLENTY))}`;
  const [row] = await query<{ n: number | string }>(connection, sql`SELECT count(*) AS n FROM (${rows}) b`);
  return Number(row?.n) === PLENTY;
}

/** Ids are few, and a single candidate leads in any case; but a range with many rows may be read in key order. */
function isInDoubt([likeliest, ...others]: Criterion[], type: string): boolean {
  if (likeliest === undefined || rank(likeliest) === 0) return false;
  return others.length > 0 || walkedSourceOf(likeliest, type) !== undefined;
}

/** Returns the candidate with the fewest rows (the first of equals), and whether even these are many. */
async function fewest(
  connection: Connection,
  candidates: Criterion[],
  type: string,
): Promise<{ chosen: Criterion | undefined; many: boolean }> {
  const counts = candidates.map((candidate, index) => {
    const source = sourceOf(candidate, type) ?? everyResource(type);
    const rows = sql`SELECT 1 FROM ${source.from} WHERE ${source.where} LIMIT ${literal(String(MANY))}`;
    return sql`(SELECT count(*) FROM (${rows}) b) AS ${literal(`n${index}`)}`;
  });
  const [row] = await query<Record<string, number | string>>(connection, sql`SELECT ${join(counts, ', ')}`);
  const found = candidates.map((_, index) => Number(row?.[`n${index}`] ?? MANY));
  const least = Math.min(...found);
  return { chosen: candidates[found.indexOf(least)], many: least >= MANY };
}
