import { after, before } from 'mocha';
import { type Database, openDatabase } from '../../server/database/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { preparedDatabase } from '../harness/prepared.ts';

/** A migrated database for the tests of a suite, without a server: open from before the first until after the last. */
export function openedDatabase(): () => Database {
  let file: TestDatabase;
  let database: Database;
  before(async () => {
    file = await preparedDatabase();
    database = await openDatabase(file.url);
    await database.migrate(async () => undefined);
  });
  after(async () => {
    await database.close();
    await file.drop();
  });
  return () => database;
}
