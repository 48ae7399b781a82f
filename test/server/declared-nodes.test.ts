/** Nodes with different declarations of a type, as they are for a while where they are restarted one by one. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { readConfig } from '../../server/config.ts';
import { openWard } from '../../server/open.ts';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from '../harness/database.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot, TEST_SETTINGS } from '../harness/server.ts';

const X = 'x: {kind: string, paths: [[a]]}';
const Y = 'y: {kind: string, paths: [[b]]}';

if (DATABASE_KIND === 'postgres') {
  describe('server: two nodes, and a declaration that has changed', () => {
    let folder: string;
    let database: TestDatabase;
    let nodes: ClockedServer[];
    beforeEach(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'ward-declared-'));
      database = await freshDatabase();
      nodes = [];
    });
    afterEach(async () => {
      for (const node of nodes) await node.stop();
      await database.drop();
      await rm(folder, { recursive: true });
    });

    async function start(...search: string[]): Promise<ClockedServer> {
      const declaration = `{name: Note, elements: {a: {type: string}, b: {type: string}}, search: {${search}}}`;
      await writeFile(path.join(folder, 'note.yaml'), declaration);
      const node = await startClockedServer({ RESOURCE_DEFINITIONS: folder }, database);
      nodes.push(node);
      return node;
    }
    const put = (node: ClockedServer, id: string, b: string) =>
      node.request('PUT', `/Note/${id}`, { as: asRoot, json: { a: 'a', b } });
    const found = async (node: ClockedServer, query: string) => {
      const reply = await node.request('GET', `/Note?${query}`, { as: asRoot });
      return (reply.list('entry') as { resource: { id: string } }[]).map(({ resource }) => resource.id);
    };

    it('one that has the old declaration writes no more of that type, and goes on with all else', async () => {
      const old = await start(X);
      expect((await put(old, 'one', 'first')).status).to.equal(201);
      const next = await start(X, Y);
      expect(await found(next, 'y=first')).to.eql(['one']);
      const refused = [
        await put(old, 'one', 'second'),
        await put(old, 'two', 'second'),
        await old.request('DELETE', '/Note/one', { as: asRoot }),
      ];
      for (const reply of refused) {
        expect([reply.status, reply.headers['retry-after']], reply.text).to.eql([503, '5']);
        expect(reply.at('issue.0.diagnostics')).to.match(/different declaration of Note: .* until it is restarted\.$/);
      }
      expect(await found(old, 'x=a')).to.eql(['one']);
      expect((await old.request('PUT', '/Patient/p', { as: asRoot, json: {} })).status).to.equal(201);
      expect((await put(next, 'one', 'second')).status).to.equal(200);
      expect(await found(next, 'y=second')).to.eql(['one']);
      await start(X, Y);
      expect((await put(next, 'two', 'second')).status).to.equal(201);
    });

    it('what one is about to commit when another starts is waited for, and found by the new parameter', async () => {
      await (await start(X)).stop();
      nodes = [];
      const config = readConfig({ ...TEST_SETTINGS, DATABASE_URL: database.url, RESOURCE_DEFINITIONS: folder });
      const old = await openWard(config);
      let created: () => void = () => undefined;
      let letGo: () => void = () => undefined;
      const isCreated = new Promise<void>((resolve) => {
        created = resolve;
      });
      const isLetGo = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const writing = old.engine.transact(async (transaction) => {
        const { version } = await transaction.create('Note', { resourceType: 'Note', b: 'late' }, { by: 'server' });
        created();
        await isLetGo;
        return version.id;
      });
      await isCreated;
      const starting = start(X, Y);
      // It would take no longer, if it did not wait.
      await Promise.race([starting, wait(1000)]);
      letGo();
      expect(await found(await starting, 'y=late')).to.eql([await writing]);
      await old.close();
    });

    it('whatever one writes while another starts is found by the new parameter', async () => {
      const old = await start(X);
      const stored = new Set<string>();
      let isOver = false;
      const writing = Array.from({ length: 8 }, async (_, lane) => {
        for (let at = 0; !isOver; at += 1) {
          const id = `${lane}-${at % 40}`;
          const { status } = await put(old, id, `b${lane}`);
          expect(status).to.be.oneOf([200, 201, 503]);
          if (status === 503) return;
          stored.add(id);
        }
      });
      while (stored.size < 100) await wait(5);
      const next = await start(X, Y);
      isOver = true;
      await Promise.all(writing);
      expect(await found(next, 'y=b&_count=1000')).to.have.members([...stored]);
    });
  });
}
