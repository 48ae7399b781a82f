import { setTimeout as wait } from 'node:timers/promises';
import { describeKeys, describeRotation } from '../../auth/keys/described-keys.ts';
import { rotateSigningKey } from '../../auth/keys/signing-keys.ts';
import type { Engine } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import { walkType } from '../../resources/search/walk.ts';
import type { Config } from '../../server/config.ts';
import { checkId } from '../../server/interactions/address.ts';
import { openWard } from '../../server/open.ts';
import { rootNews } from '../ward.ts';
import { type Item, type Reach, Refusal } from './reach.ts';

/** How often a write is tried while the database or the write queue is too busy. */
const TRIES = 10;

/**
 * Large commit groups: no caller waits for a single write, and the more writes share a commit, the fewer pages are
 * written. An index page holds about a hundred rows, and more of them then belong to the same commit.
 */
const GROUP = { jobs: 256, milliseconds: 250 };

/** Opens the database of the settings in this process. Throws like `openWard`. */
export async function reachDirectly(config: Config): Promise<Reach> {
  const ward = await openWard(config, { bulk: GROUP });
  const { engine, registry, seal, clock } = ward;
  const { signingAlg } = config;
  process.stdout.write(rootNews(ward));
  return {
    name: `the ${ward.database.dialect.name} database`,
    // The next group is complete when one commits.
    atOnce: 2 * GROUP.jobs,
    put: (item) => put(engine, item),
    types: async () => registry.names(),
    pages: (type) => pages(engine, type),
    keys: () => describeKeys(engine.committed, signingAlg, clock()),
    rotateKeys: async ({ now, alg = signingAlg }) =>
      describeRotation(await rotateSigningKey({ engine, seal, alg }, now)),
    close: () => ward.close(),
  };
}

async function put(engine: Engine, item: Item, attempt = 1): Promise<void> {
  const { type, id, resource } = item;
  try {
    checkId(id);
    await engine.update(type, id, resource, { by: 'caller' });
  } catch (error) {
    if (error instanceof Failure && error.code === 'busy' && attempt < TRIES) {
      await wait(1000 * (error.retryAfter ?? 1));
      return put(engine, item, attempt + 1);
    }
    if (!(error instanceof Failure) || error.status >= 500) throw error;
    throw new Refusal(error.issues.map(({ diagnostics }) => diagnostics).join('; '), { cause: error });
  }
}

async function* pages(engine: Engine, type: string): AsyncGenerator<string[]> {
  for await (const versions of walkType(engine, type)) yield versions.map(({ text }) => text ?? '');
}
