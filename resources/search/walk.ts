import type { SearchPage, Version } from '../engine.ts';
import { everything } from './parse.ts';
import type { ParsedSearch } from './plan.ts';

const PAGE = 1000;

/** The part of the engine that a walk needs. */
interface Searching {
  search(search: ParsedSearch): Promise<SearchPage>;
}

/** Yields every resource of a type in the order of creation, in pages of at most 1000. */
export async function* walkType(engine: Searching, type: string): AsyncGenerator<Version[]> {
  let key: number | undefined;
  do {
    const after = key === undefined ? undefined : { values: [], key };
    const { matches } = await engine.search({ ...everything(type), count: PAGE, total: 'none', after });
    if (matches.length > 0) yield matches;
    key = matches.length === PAGE ? matches.at(-1)?.key : undefined;
  } while (key !== undefined);
}
