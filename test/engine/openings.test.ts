/** An opening that fails leaves no connection behind: it is tried again and again while a database is in trouble. */
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { SqliteConnection } from '../../resources/dialects/sqlite.ts';
import { DatabaseError } from '../../resources/storage/connection.ts';
import { Writer } from '../../resources/writing/writer.ts';
import { openedDatabase } from './opened.ts';

describe('The opening of a connection that fails', () => {
  const database = openedDatabase();

  it('at what the writer makes ready on it: it is closed, and the write is refused', async () => {
    let [opened, closed] = [0, 0];
    const writer = new Writer({
      dialect: database().dialect,
      clock: Date.now,
      open: async () => {
        const connection = await database().openWriter();
        opened += 1;
        return {
          all: (sql, bindings) => connection.all(sql, bindings),
          run: (sql, bindings) => connection.run(sql, bindings),
          join: () => Promise.reject(new DatabaseError('failure', 'no room')),
          close: () => {
            closed += 1;
            return connection.close();
          },
        };
      },
      afterCommit: () => undefined,
    });
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const refusal: unknown = await writer.submit(async () => undefined).catch((error: unknown) => error);
      expect(refusal).to.include({ code: 'busy' });
      expect([opened, closed]).to.eql([attempt, attempt]);
    }
    await writer.close();
  });

  it('at a file that is no database of SQLite: it is closed', async function () {
    if (process.platform !== 'linux') this.skip();
    const folder = await mkdtemp(path.join(tmpdir(), 'ward-test-'));
    const file = path.join(folder, 'ward.db');
    await writeFile(file, 'no database, however long one reads in it. '.repeat(100));
    const refusal: unknown = await SqliteConnection.open(file, 'writer').catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(DatabaseError);
    const descriptors = await readdir('/proc/self/fd');
    const files = await Promise.all(descriptors.map((each) => readlink(`/proc/self/fd/${each}`).catch(() => '')));
    expect(files).to.not.include(file);
    await rm(folder, { recursive: true });
  });
});
