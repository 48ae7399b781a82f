import type { Engine, Version } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import type { ParsedSearch } from '../../resources/search/plan.ts';
import type { Config } from '../../server/config.ts';
import { checkAddress } from '../../server/interactions/address.ts';
import { openWard } from '../../server/open.ts';
import { rootNews } from '../command.ts';
import { type Item, type Reach, Refusal } from './reach.ts';

const PAGE = 1000;

/** Opens the database of the settings for this process. Throws as `openWard`. */
export async function reachDirectly(config: Config): Promise<Reach> {
  const ward = await openWard(config);
  const { engine, registry } = ward;
  process.stdout.write(rootNews(ward));
  return {
    name: `the ${ward.database.dialect.name} database`,
    put: (item) => put(engine, item),
    types: async () => registry.names(),
    pages: (type) => pages(engine, type),
    close: () => ward.close(),
  };
}

async function put(engine: Engine, { type, id, resource }: Item): Promise<void> {
  try {
    checkAddress({ type, id, body: resource }, true);
    await engine.update(type, id, resource, { by: 'caller' });
  } catch (error) {
    if (!(error instanceof Failure) || error.status >= 500) throw error;
    throw new Refusal(error.issues.map(({ diagnostics }) => diagnostics).join('; '), { cause: error });
  }
}

async function* pages(engine: Engine, type: string): AsyncGenerator<string[]> {
  let last: Version | undefined;
  do {
    const { matches } = await engine.search(everything(type, last));
    if (matches.length > 0) yield matches.map(({ text }) => text ?? '');
    last = matches.length === PAGE ? matches.at(-1) : undefined;
  } while (last !== undefined);
}

function everything(type: string, after: Version | undefined): ParsedSearch {
  return {
    type,
    criteria: [],
    selective: false,
    sort: [],
    count: PAGE,
    total: 'none',
    summary: 'false',
    elements: undefined,
    after: after === undefined ? undefined : { values: [], key: after.key },
    fingerprint: '',
    includes: [],
    warnings: [],
    understood: [],
  };
}
