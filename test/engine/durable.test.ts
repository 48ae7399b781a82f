/** A commit that is answered is on the disk, whatever PostgreSQL is told to do by itself. */
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import { DATABASE_KIND } from '../harness/database.ts';
import { openedDatabase } from './opened.ts';

describe('A writer where PostgreSQL says of synchronous_commit', () => {
  const database = openedDatabase();

  before(function () {
    if (DATABASE_KIND !== 'postgres') this.skip();
  });

  const KEPT = ['on', 'local', 'remote_write', 'remote_apply'];
  const rows: [said: string, taken: string][] = [['off', 'on'], ...KEPT.map((each): [string, string] => [each, each])];
  for (const [said, taken] of rows) {
    it(`${said}: takes ${taken}`, async () => {
      const [row] = await database().points.all<{ name: string }>('SELECT current_database() AS name');
      const setting = async (value: string) => {
        const connection = await database().openWriter();
        await connection.run(`ALTER DATABASE ${row?.name} SET synchronous_commit = ${value}`);
        await connection.close();
      };
      await setting(said);
      const writer = await database().openWriter();
      const [found] = await writer.all<{ value: string }>("SELECT current_setting('synchronous_commit') AS value");
      await writer.close();
      await setting('DEFAULT');
      expect(found?.value).to.equal(taken);
    });
  }
});
