/** The file of a SQLite database, as others who work on the machine find it. */
import { chmodSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { SqliteConnection } from '../../resources/dialects/sqlite.ts';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from '../harness/database.ts';
import { asRoot, startServer } from '../harness/server.ts';
import { until } from './poll.ts';

/** As most systems start a service: what it makes may be read by everybody. */
const OPEN_TO_ALL = ['sh', '-c', 'umask 022; exec "$0" "$@"'];

const MIB = 2 ** 20;

describe('server: the file of the database', () => {
  let database: TestDatabase;
  beforeEach(async function () {
    if (DATABASE_KIND === 'postgres') return this.skip();
    database = await freshDatabase();
  });
  afterEach(() => database?.drop());
  const file = () => database.url.slice('sqlite:'.length);

  /** The modes of the file and what SQLite keeps beside it, while a server has written to it. */
  async function modes(): Promise<Record<string, string>> {
    const server = await startServer({ database, through: OPEN_TO_ALL });
    expect((await server.request('PUT', '/Patient/p', { as: asRoot, json: {} })).status).to.be.oneOf([200, 201]);
    const folder = path.dirname(file());
    const names = readdirSync(folder).filter((name) => /\.db(-\w+)?$/.test(name));
    const found = names.map((name) => [name, (statSync(path.join(folder, name)).mode & 0o777).toString(8)]);
    await server.stop();
    return Object.fromEntries(found);
  }

  it('another user of the machine reads the database: it and its log are their owner’s alone', async () => {
    expect(await modes()).to.eql({ 'ward.db': '600', 'ward.db-shm': '600', 'ward.db-wal': '600' });
  });

  it('keeps the mode that somebody gave it', async () => {
    await modes();
    chmodSync(file(), 0o640);
    expect(await modes()).to.eql({ 'ward.db': '640', 'ward.db-shm': '640', 'ward.db-wal': '640' });
  });

  it('has a log that is cut once nobody reads what was before, as a backup does', async () => {
    const server = await startServer({ database });
    const div = `<div xmlns="http://www.w3.org/1999/xhtml">${'x'.repeat(600_000)}</div>`;
    let written = 0;
    const write = async () => {
      written += 1;
      const json = { text: { status: 'generated', div }, name: [{ family: `${written}` }] };
      expect((await server.request('PUT', '/Patient/p', { as: asRoot, json })).status).to.be.oneOf([200, 201]);
    };
    const size = () => statSync(`${file()}-wal`).size;
    const reader = await SqliteConnection.open(file(), 'reader');
    await reader.exec('BEGIN; SELECT count(*) FROM resource;');
    while (size() <= 20 * MIB) await write();
    await reader.exec('COMMIT');
    await until('the log is cut', async () => {
      await write();
      return size() <= 16 * MIB;
    });
    await reader.close();
    await server.stop();
  });
});
