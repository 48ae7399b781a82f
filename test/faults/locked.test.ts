/** Another process that holds the SQLite file: writes are told to come again, reads are served, and all goes on. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import sqlite3 from 'sqlite3';
import { DATABASE_KIND } from '../harness/database.ts';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';
import { Load } from './load.ts';

(DATABASE_KIND === 'sqlite' ? describe : describe.skip)('faults: a file that another process has locked', () => {
  let server: TestServer;
  let other: sqlite3.Database;
  before(async () => {
    server = await startServer();
    other = new sqlite3.Database(server.database.url.slice('sqlite:'.length));
  });
  after(async () => {
    await new Promise((resolve) => other.close(resolve));
    await server.stop();
  });

  const execute = (sql: string) =>
    new Promise<void>((resolve, reject) => other.exec(sql, (error) => (error ? reject(error) : resolve())));

  it('is waited for; then writes are refused, reads are served, and it goes on when the lock is gone', async () => {
    const load = new Load(server);
    await load.goesOn();
    await execute('PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE');
    const stored = load.count('stored');
    while (load.count('absent') < 8) {
      expect((await server.request('GET', '/Patient/f0', { as: asRoot })).status).to.equal(200);
    }
    // Those that were answered before the lock was had, and counted after.
    expect(load.count('stored') - stored).to.be.at.most(8);
    await execute('ROLLBACK');
    await load.goesOn();
    await load.stop();
    expect(load.count('open')).to.equal(0);
    await load.check();
  });

  it('costs a write that waits nothing but time', async () => {
    await execute('BEGIN EXCLUSIVE');
    const written = server.request('PUT', '/Patient/waits', { as: asRoot, json: {} });
    let isAnswered = false;
    void written.finally(() => {
      isAnswered = true;
    });
    for (let reads = 0; reads < 50; reads += 1) await server.request('GET', '/Patient/f0', { as: asRoot });
    expect(isAnswered).to.equal(false);
    await execute('ROLLBACK');
    expect((await written).status).to.equal(201);
  });
});
