import { randomBytes } from 'node:crypto';
import { bootstrapRoot, type RootOutcome } from '../auth/bootstrap.ts';
import { createPasswords, type Passwords } from '../auth/passwords.ts';
import { createRules } from '../auth/rules.ts';
import type { Clock, RandomBytes } from '../resources/clock.ts';
import type { Engine } from '../resources/engine.ts';
import { createEngine } from '../resources/interactions.ts';
import { createRegistry, type Registry } from '../resources/registry.ts';
import type { Config } from './config.ts';
import { type Database, openDatabase } from './database.ts';
import { applyInitFile } from './init-file.ts';

/** What a test may turn: the time and the randomness. */
export interface Ports {
  clock: Clock;
  random: RandomBytes;
}

export const REAL: Ports = { clock: Date.now, random: randomBytes };

/** An open, migrated database with its engine: what the server and every command work on. */
export interface Ward extends Ports {
  config: Config;
  database: Database;
  registry: Registry;
  engine: Engine;
  passwords: Passwords;
  /** What became of the root client. */
  root: RootOutcome;
  /** Finishes the writes and closes the database. */
  close(): Promise<void>;
}

/** Opens the database of the settings, brings it up to date and makes the root client where it is empty. */
export async function openWard(config: Config, ports: Ports = REAL): Promise<Ward> {
  const database = await openDatabase(config.databaseUrl);
  const registry = createRegistry();
  const passwords = createPasswords(ports);
  const engine = createEngine({
    registry,
    dialect: database.dialect,
    points: database.points,
    queries: database.queries,
    openWriter: () => database.openWriter(),
    hasher: passwords,
    rules: createRules(),
    ...ports,
  });
  const close = async () => {
    await engine.close();
    await database.close();
  };
  try {
    const { rootClientId: id, rootClientSecret: secret } = config;
    const root = await database.migrate(async () => {
      const outcome = await bootstrapRoot(engine, { id, secret }, ports.random);
      if (config.initFile !== undefined) await applyInitFile(config.initFile, engine, ports.random);
      return outcome;
    });
    return { config, database, registry, engine, passwords, root, close, ...ports };
  } catch (error) {
    await close();
    throw error;
  }
}
