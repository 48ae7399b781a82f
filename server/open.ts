import { createPasswords, type HashCost } from '../auth/accounts/passwords.ts';
import { bootstrapRoot, type RootOutcome } from '../auth/bootstrap.ts';
import { createSeal, type Seal } from '../auth/keys/sealing.ts';
import { resealServerSecrets, serverSecret } from '../auth/keys/server-keys.ts';
import { resealKeys } from '../auth/keys/signing-keys.ts';
import { createRules } from '../auth/rules.ts';
import type { Clock, RandomBytes } from '../resources/clock.ts';
import type { Engine, Transaction } from '../resources/engine.ts';
import { createEngine } from '../resources/interactions.ts';
import { drawnRandom } from '../resources/random.ts';
import type { Registry } from '../resources/registry.ts';
import type { GroupSize } from '../resources/writing/writer.ts';
import type { Config } from './config.ts';
import { type Database, openDatabase } from './database/database.ts';
import type { StartThread } from './formats/yaml-thread.ts';
import { type Cursors, createCursors } from './http/cursors.ts';
import { type CountedPasswords, counted } from './load/counted-passwords.ts';
import { openRegistry } from './startup/declarations.ts';
import { declaredRules, digestsOf, indexAnew, putInForce } from './startup/declared-index.ts';
import { applyInitFile, readInitFile } from './startup/init-file.ts';
import { isIndexOurs, noteIndexOurs, OLD_INDEX } from './startup/whole-index.ts';

/**
 * What tests may replace: the clocks, randomness, the cost of hashing, and how threads start from uncompiled sources.
 */
export interface Ports {
  clock: Clock;
  random: RandomBytes;
  elapsed?: () => number;
  hashCost?: HashCost;
  startThread?: StartThread;
}

const REAL: Ports = { clock: Date.now, random: drawnRandom() };

/** An open, migrated database with its engine. The server and every command work on it. */
export interface Ward extends Ports {
  config: Config;
  database: Database;
  registry: Registry;
  engine: Engine;
  passwords: CountedPasswords;
  /** Encrypts the server's own keys in the database. */
  seal: Seal;
  cursors: Cursors;
  /** Whether the root client was created, reset or left alone. */
  root: RootOutcome;
  /** Finishes pending writes and closes the database. */
  close(): Promise<void>;
}

export interface WardOptions {
  ports?: Ports | undefined;
  /** Called with a problem that the operator should know, also long after the start. */
  report?(problem: string): void;
  /** How many writes share a commit when nobody waits for a single one. */
  bulk?: GroupSize;
  /** Called once the start waits for no other process and begins to change the database. */
  begun?: (() => void) | undefined;
}

/** Opens the configured database, migrates it, and creates the root client if it is empty. */
export async function openWard(
  config: Config,
  { ports = REAL, report = () => undefined, bulk, begun }: WardOptions = {},
): Promise<Ward> {
  const { registry, declared } = await openRegistry(config.resourceDefinitions);
  const database = await openDatabase(config.databaseUrl, {
    processes: config.workers,
    readUrl: config.databaseReadUrl,
    clock: ports.clock,
    report,
  });
  const digests = digestsOf(registry, declared);
  const passwords = counted(createPasswords(ports));
  const { keyEncryptionSecret, keyEncryptionSecretPrevious } = config;
  const seal = createSeal({ secret: keyEncryptionSecret, previous: keyEncryptionSecretPrevious }, ports.random);
  const engine = createEngine({
    registry,
    dialect: database.dialect,
    points: database.points,
    queries: database.queries,
    openWriter: () => database.openWriter(bulk ? 'bulk' : undefined),
    hasher: passwords,
    rules: { ...createRules(registry, config), ...declaredRules(digests, database.dialect) },
    largestBody: config.maxBody,
    group: bulk,
    ...ports,
  });
  const close = async () => {
    await engine.close();
    await database.close();
  };
  try {
    const { rootClientId: id, rootClientSecret: secret } = config;
    const entries = config.initFile === undefined ? [] : await readInitFile(config.initFile);
    const bootstrap = async (transaction: Transaction) => {
      begun?.();
      await resealServerSecrets(transaction, seal);
      await resealKeys(transaction, seal);
      const outcome = await bootstrapRoot(transaction, { id, secret }, ports.random);
      if (outcome.outcome === 'created') await noteIndexOurs(transaction);
      const due = await putInForce(digests, transaction);
      await applyInitFile(entries, transaction, { random: ports.random, seal });
      return { outcome, due, cursorSecret: await serverSecret(transaction, seal, 'cursor', ports.random(32)) };
    };
    const { root, cursors } = await database.migrate(async () => {
      // One transaction: if INIT_FILE is rejected, no root client may remain whose secret was never printed.
      const { outcome, due, cursorSecret } = await engine.transact(bootstrap);
      // Outside the transaction: a long reindex inside it would block the writes of other nodes.
      await indexAnew(due, engine);
      if (!(await isIndexOurs(engine.committed))) report(OLD_INDEX);
      return { root: outcome, cursors: createCursors(cursorSecret) };
    });
    return { config, database, registry, engine, passwords, seal, cursors, root, close, ...ports };
  } catch (error) {
    await close();
    throw error;
  }
}
