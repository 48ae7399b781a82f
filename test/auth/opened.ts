import { after, before } from 'mocha';
import { readConfig } from '../../server/config.ts';
import { openWard, type Ward } from '../../server/open.ts';
import type { TestDatabase } from '../harness/database.ts';
import { preparedDatabase } from '../harness/prepared.ts';

/** What the server stands on, without the server, for the tests of a suite. */
export function openedWard(): () => Ward {
  let database: TestDatabase;
  let ward: Ward;
  before(async () => {
    database = await preparedDatabase();
    ward = await openWard(readConfig({ DATABASE_URL: database.url, ROOT_CLIENT_SECRET: 'root-secret' }));
  });
  after(async () => {
    await ward.close();
    await database.drop();
  });
  return () => ward;
}
