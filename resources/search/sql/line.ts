import type { Fragment, Line } from '../plan.ts';
import { list, literal, padded, sql } from './fragment.ts';

/** As many levels are climbed: the ways up that real hierarchies have are far shorter. */
const HIGHEST = 100;

/**
 * A query for the keys of the resources on a line. A circle ends: downwards no resource is taken twice, and upwards
 * the levels are counted, since for each of them PostgreSQL looks at all references of the parameter.
 * @param visible what a resource `r` must satisfy, in order that it is on the line and is looked into
 */
export function keysOnLine(line: Line, visible: Fragment): Fragment {
  return line.towards === 'below' ? downwards(line, visible) : upwards(line, visible);
}

/**
 * All that names one of the first or, from level to level, one that was found. In a cross join SQLite keeps to the
 * order in which the tables stand: by its own, it would look at all references of the parameter for each that it found.
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

/** The first, what they name, and so on. No index finds references by who has them: they are gathered once, by key. */
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
