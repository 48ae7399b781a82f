import type { Interactions, Version } from '../engine.ts';
import { everything } from './parse.ts';

const PAGE = 1000;

/** Every resource of a type, in the order of their creation, a page of at most a thousand at a time. */
export async function* walkType(engine: Pick<Interactions, 'search'>, type: string): AsyncGenerator<Version[]> {
  let key: number | undefined;
  do {
    const after = key === undefined ? undefined : { values: [], key };
    const { matches } = await engine.search({ ...everything(type), count: PAGE, total: 'none', after });
    if (matches.length > 0) yield matches;
    key = matches.length === PAGE ? matches.at(-1)?.key : undefined;
  } while (key !== undefined);
}
