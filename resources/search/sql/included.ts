import type { Version } from '../../engine.ts';
import { Failure } from '../../errors.ts';
import type { JsonObject } from '../../json/value.ts';
import type { Connection } from '../../storage/connection.ts';
import { resourceOf } from '../../storage/version-row.ts';
import type { Definitions } from '../index/paths.ts';
import type { SearchOptions } from '../parameters/criteria.ts';
import type { Include, ParsedSearch } from '../plan.ts';
import { type Following, follow } from './follow.ts';

const MOST_INCLUDED = 5000;
const MOST_ROUNDS = 8;

/**
 * Returns the resources that `_include` and `_revinclude` add to a page, without duplicates and without its matches
 * (FHIR R4 §3.1.1.5.4). Omits what the caller may not see. A canonical includes the resources with its URL and, if it
 * has one, its version. Throws a `parameter` Failure if they are too many or too large; they may have as many bytes as
 * the matches.
 */
export async function includedWith(
  connection: Connection,
  definitions: Definitions,
  plan: ParsedSearch,
  matches: Version[],
  options: SearchOptions,
): Promise<Version[]> {
  const known = new Set(matches.map((match) => match.key));
  const included: Version[] = [];
  let left = plan.bytes ?? Number.POSITIVE_INFINITY;
  const following: Following = {
    ...{ connection, definitions, options, most: MOST_INCLUDED + matches.length + 1 },
    resourceOf: reading(),
    lacks: (key) => !known.has(key),
    reserve: (key, bytes) => {
      known.add(key);
      left -= bytes;
      // The first one is always allowed, whatever its size, as is the first match of a page.
      if (left < 0 && known.size > matches.length + 1) throw tooMany(`${plan.bytes} bytes`);
    },
    take: (version) => {
      included.push(version);
      if (included.length > MOST_INCLUDED) throw tooMany(`${MOST_INCLUDED} resources`);
    },
  };
  let from = matches;
  let includes = distinct(plan.includes);
  for (let round = 0; round < MOST_ROUNDS && from.length > 0 && includes.length > 0; round += 1) {
    const earlier = included.length;
    for (const include of includes) {
      for (const [type, versions] of byType(from)) await follow(following, include, type, versions);
    }
    from = included.slice(earlier);
    includes = includes.filter(({ iterate }) => iterate);
  }
  return included;
}

/** Parses each version once. */
function reading(): Following['resourceOf'] {
  const read = new Map<Version, JsonObject>();
  return (version) => {
    const resource = read.get(version) ?? resourceOf(version) ?? {};
    read.set(version, resource);
    return resource;
  };
}

/** Removes duplicate includes. */
function distinct(includes: Include[]): Include[] {
  return [...new Map(includes.map((include) => [JSON.stringify(include), include])).values()];
}

function tooMany(what: string): Failure {
  return new Failure(
    'parameter',
    `More than ${what} would be included: use a smaller _count, or JSON without _pretty.`,
  );
}

function byType(versions: Version[]): Map<string, Version[]> {
  const types = new Map<string, Version[]>();
  for (const version of versions) types.set(version.type, [...(types.get(version.type) ?? []), version]);
  return types;
}
