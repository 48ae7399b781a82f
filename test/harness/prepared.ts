/** Databases whose tables are there already: copies of one that is migrated once a process. */
import { openDatabase } from '../../server/database/database.ts';
import { atEnd } from './at-end.ts';
import { freshDatabase, type TestDatabase } from './database.ts';

let template: Promise<TestDatabase> | undefined;
/** The next one is made while the tests of the one before it run. */
let next: Promise<TestDatabase> | undefined;
/** What is being dropped; nobody waits for it but the end of the run. */
const dropping = new Set<Promise<void>>();

/** Gives a database for one server, with tables and no data. Tests of first starts take `freshDatabase`. */
export async function preparedDatabase(): Promise<TestDatabase> {
  const database = await (next ?? copy());
  next = copy();
  // Its error is for whoever takes it.
  next.catch(() => undefined);
  return { ...database, drop: async () => drop(database) };
}

async function copy(): Promise<TestDatabase> {
  template ??= migrated();
  return freshDatabase(await template);
}

async function migrated(): Promise<TestDatabase> {
  const database = await freshDatabase();
  const opened = await openDatabase(database.url);
  await opened.migrate(async () => undefined);
  await opened.close();
  return database;
}

function drop(database: TestDatabase): void {
  const dropped = database.drop().finally(() => dropping.delete(dropped));
  dropping.add(dropped);
}

atEnd(async () => {
  await (await next)?.drop();
  await Promise.all(dropping);
  await (await template)?.drop();
});
