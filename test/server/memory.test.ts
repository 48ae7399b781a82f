/** `sqlite::memory:` is a file in a folder of its own, removed at the end. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { DATABASE_KIND } from '../harness/database.ts';
import { asRoot, startServer } from '../harness/server.ts';

if (DATABASE_KIND === 'sqlite') {
  describe('server: a database in memory', () => {
    it('sqlite::memory: serves, and leaves nothing behind', async () => {
      const folder = await mkdtemp(path.join(tmpdir(), 'ward-memory-'));
      const server = await startServer({ env: { DATABASE_URL: 'sqlite::memory:', TMPDIR: folder } });
      expect((await server.request('PUT', '/Patient/p', { as: asRoot, json: {} })).status).to.equal(201);
      expect((await server.request('GET', '/Patient/p', { as: asRoot })).status).to.equal(200);
      expect(await readdir(folder)).to.have.length(1);
      expect(await server.stop()).to.equal(0);
      expect(await readdir(folder)).to.deep.equal([]);
      await rm(folder, { recursive: true });
    });
  });
}
