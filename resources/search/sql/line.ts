import type { Fragment, Line } from '../plan.ts';
import { list, literal, padded, sql } from './fragment.ts';

/** Maximum number of levels upwards; real hierarchies are much flatter. */
const HIGHEST = 100;

/**
 * Builds a query for the keys of the resources on a line. Cycles end: downwards no resource is visited twice; upwards
 * the levels are limited, since PostgreSQL scans all references of the parameter for each level.
 * @param visible the condition on a resource `r` to be on the line and to be followed
 */
export function keysOnLine(line: Line, visible: Fragment): Fragment {
  return line.towards === 'below' ? downwards(line, visible) : upwards(line, visible);
}

/**
 * Returns all that references one of the starting resources or, level by level, one already found. CROSS JOIN fixes
 * SQLite's join order: otherwise it would scan all references of the parameter for each resource found.
 */
function downwards({ naming, from, parent }: Line, visible: Fragment): Fragment {
  const reference = sql`x.param = ${parent} AND x.target_type IN (${list(naming.pointers)}) AND r.key = x.key`;
  return sql`WITH RECURSIVE l(key) AS (
    SELECT r.key FROM search_reference x CROSS JOIN resource r
      WHERE ${reference} AND x.target IN (${list(padded(from))}) AND ${visible}
    UNION
    SELECT r.key FROM l CROSS JOIN resource p CROSS JOIN search_reference x CROSS JOIN resource r
      WHERE p.key = l.key AND x.target = p.id AND ${reference} AND ${visible})
    SELECT l.key FROM l`;
}

/**
 * Returns the starting resources, what they reference, and so on. No index finds references by their owner, so they are
 * collected once, by key.
 */
function upwards({ naming, from, parent }: Line, visible: Fragment): Fragment {
  const live = sql`r.type = ${naming.type} AND r.text IS NOT NULL AND ${visible}`;
  return sql`WITH RECURSIVE x(key, target) AS MATERIALIZED (
    SELECT key, target FROM search_reference
      WHERE param = ${parent} AND target_type IN (${list(naming.pointers)})),
    l(key, level) AS (
    SELECT r.key, 0 FROM resource r WHERE r.id IN (${list(padded(from))}) AND ${live}
    UNION
    SELECT r.key, l.level + 1 FROM l CROSS JOIN x CROSS JOIN resource r
      WHERE x.key = l.key AND r.id = x.target AND l.level < ${literal(String(HIGHEST))} AND ${live})
    SELECT l.key FROM l`;
}
