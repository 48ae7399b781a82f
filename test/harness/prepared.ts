/** Databases with tables: copies of a template that is migrated once per process. */
import { openDatabase } from '../../server/database/database.ts';
import { atEnd } from './at-end.ts';
import { freshDatabase, type TestDatabase } from './database.ts';

let template: Promise<TestDatabase> | undefined;
/** The next database, which is created while the tests of the previous one run. */
let next: Promise<TestDatabase> | undefined;
/** Databases being dropped; only the end of the run waits for them. */
const dropping = new Set<Promise<void>>();

/** Returns a database with tables and no data, for one server. Tests of a first start use `freshDatabase`. */
export async function preparedDatabase(): Promise<TestDatabase> {
  const database = await (next ?? copy());
  next = copy();
  // An error surfaces when the database is used.
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
