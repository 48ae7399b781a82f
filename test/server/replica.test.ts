/** `DATABASE_READ_URL`: searches and histories go to a replica, and no caller can tell. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import { ConfigError } from '../../server/config.ts';
import { type Api, apiOf } from '../auth/http/api.ts';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { DATABASE_KIND, freshDatabase } from '../harness/database.ts';
import { runs } from '../harness/generated.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { startRelay, through } from '../harness/relay.ts';
import { asRoot, startServer } from '../harness/server.ts';
import { type Line, linesTo } from './lines.ts';
import { until } from './poll.ts';
import { listening } from './processes.ts';

const ISSUER = 'http://ward.example';
const { numRuns: WRITES } = runs(1000);
const { numRuns: BETWEEN_WORKERS } = runs(300);
/**
 * What a replica is asked is seen in its log; that a flush takes its time is not what is looked at here. It replays
 * late, so that whoever does not wait for it reads what was before.
 */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', log_statement: 'all', recovery_min_apply_delay: '10ms' };

if (DATABASE_KIND === 'postgres') {
  describe('server: reads from a replica', () => {
    let primary: Cluster;
    let replica: Cluster;
    let nodes: [Api, Api];
    before(async function () {
      primary = await startCluster(this, SETTINGS);
      replica = await primary.follow();
      const { database } = primary;
      const env = { BASE_URL: ISSUER, DATABASE_READ_URL: replica.database.url };
      const start = async () => apiOf(await startClockedServer(env, database), ISSUER);
      nodes = [await start(), await start()];
      await nodes[0].put('/Client/app', { secret: 'a', grant_types: ['client_credentials'] });
      await nodes[0].put('/AccessPolicy/app', { engine: 'allow', link: [{ reference: 'Client/app' }] });
    });
    after(async () => {
      for (const each of nodes ?? []) await each.stop();
      await replica?.remove();
      await primary?.remove();
    });

    const onReplica = async (sql: string) => {
      const client = new pg.Client({ connectionString: replica.database.url });
      await client.connect();
      await client.query(sql).finally(() => client.end());
    };
    /** How many statements of the replica's log are what a pattern finds. */
    const asked = async (pattern: RegExp) =>
      (await replica.log()).split('\n').filter((line) => pattern.test(line)).length;
    const READS = /execute (?!reached)/;
    const put = (at: number, name: string) => nodes[at % 2]?.put('/Patient/p', { name: [{ family: name }] });
    const seen = async (node: Api, name: string): Promise<unknown[]> => [
      (await node.request('GET', `/Patient?family=${name}`, { as: asRoot })).at('total'),
      (await node.request('GET', '/Patient/p/_history?_count=1', { as: asRoot })).at('entry.0.resource.name.0.family'),
      (await node.request('GET', '/Patient/p', { as: asRoot })).at('name.0.family'),
    ];
    /** Searches until it is the replica that answers: the nodes leave it alone for a second of their clocks. */
    const untilUsed = async () => {
      for (const node of nodes) {
        await until('the replica is used', async () => {
          node.pass(2);
          const before = await asked(READS);
          await node.found('/Patient');
          return (await asked(READS)) > before;
        });
      }
    };

    it('searches and histories are asked of it, tokens, Sessions, policies and the generation are not', async () => {
      await put(0, 'first');
      await untilUsed();
      const token = await nodes[0].granted({ grant_type: 'client_credentials', client_id: 'app', client_secret: 'a' });
      expect(await nodes[1].statusWith(token.string('access_token'), '/Patient?family=first')).to.equal(200);
      const origin = await nodes[1].request('GET', '/Patient', {
        as: asRoot,
        headers: { Origin: 'http://app.example' },
      });
      expect(origin.status).to.equal(200);
      expect(await asked(/credential|access_generation|signing_key/)).to.equal(0);
      expect(await asked(/= '(AccessPolicy|Client)'/), 'policies and origins').to.equal(0);
      expect(await asked(/INSERT|UPDATE|DELETE/)).to.equal(0);
    });

    it(`what was written on one node is read on the other at once, ${WRITES} times`, async () => {
      await untilUsed();
      const before = await asked(READS);
      for (let at = 0; at < WRITES; at += 1) {
        await put(at, `name${at}`);
        // A node that found it behind tries it again.
        for (const node of nodes) node.pass(2);
        for (const node of [...nodes].reverse())
          expect(await seen(node, `name${at}`)).to.eql([1, `name${at}`, `name${at}`]);
      }
      expect((await asked(READS)) - before, 'reads of the replica').to.be.above(WRITES / 2);
    }).timeout(600_000);

    it(`what was written by one worker is read by another at once, ${BETWEEN_WORKERS} times`, async () => {
      const env = { BASE_URL: ISSUER, DATABASE_READ_URL: replica.database.url, WORKERS: '2' };
      const server = await startServer({ database: primary.database, env });
      await listening(server, 2);
      const lines = await linesTo(server);
      const search = (line: Line, name: string) => line.request('GET', `/Patient?family=${name}`, { as: asRoot });
      for (const line of lines) {
        await until('it reads from the replica', async () => {
          const before = await asked(READS);
          await search(line, 'nobody');
          return (await asked(READS)) > before;
        });
      }
      const before = await asked(READS);
      for (let at = 0; at < BETWEEN_WORKERS; at += 1) {
        const [writer, reader] = [lines[at % 2], lines[(at + 1) % 2]] as [Line, Line];
        const json = { name: [{ family: `worker${at}` }] };
        expect((await writer.request('PUT', '/Patient/w', { as: asRoot, json })).status).to.be.oneOf([200, 201]);
        for (const line of [reader, writer]) {
          expect((await search(line, `worker${at}`)).at('total'), `write ${at}`).to.equal(1);
          const history = await line.request('GET', '/Patient/w/_history?_count=1', { as: asRoot });
          expect(history.at('entry.0.resource.name.0.family')).to.equal(`worker${at}`);
        }
      }
      expect((await asked(READS)) - before, 'reads of the replica').to.be.above(0);
      for (const line of lines) await line.close();
      await server.stop();
    }).timeout(600_000);

    it('is done without while it is behind, and used again when it is not', async () => {
      await untilUsed();
      await onReplica('SELECT pg_wal_replay_pause()');
      const before = await asked(READS);
      for (let at = 0; at < 4; at += 1) {
        await put(at, `behind${at}`);
        for (const node of nodes) {
          expect(await seen(node, `behind${at}`)).to.eql([1, `behind${at}`, `behind${at}`]);
          node.pass(2);
        }
      }
      expect(await asked(READS)).to.equal(before);
      await put(0, 'alone');
      let looked = 0;
      for (let at = 0; at < 10; at += 1) {
        const known = await asked(/execute|statement/);
        await nodes[0].found('/Patient?family=alone');
        if ((await asked(/execute|statement/)) > known) looked += 1;
      }
      // However slow the machine is: each would look for itself otherwise.
      expect(looked, 'searches for which it is not left alone').to.be.within(1, 5);
      await onReplica('SELECT pg_wal_replay_resume()');
      // A clock that is set back leaves it alone no longer.
      for (const node of nodes) node.pass(-86_400);
      await untilUsed();
      for (const node of nodes) node.pass(86_400);
    });

    it('the log says when it is done without, and when it is used again', async () => {
      const env = { BASE_URL: ISSUER, DATABASE_READ_URL: replica.database.url };
      const server = await startServer({ database: primary.database, env });
      const search = () => server.request('GET', '/Patient?family=x', { as: asRoot });
      await onReplica('SELECT pg_wal_replay_pause()');
      await put(0, 'paused');
      await search();
      const away = 'Reads go to the primary instead of the replica: it is behind';
      await until(away, () => server.output().includes(away));
      await onReplica('SELECT pg_wal_replay_resume()');
      await until('it is used again', async () => {
        await search();
        return server.output().includes('Reads go to the replica again');
      });
      await server.stop();
    });

    it('is done without while it is away, and used again when it is back', async () => {
      await untilUsed();
      await replica.stop('immediate');
      for (let at = 0; at < 4; at += 1) {
        await put(at, `away${at}`);
        for (const node of nodes) {
          expect(await seen(node, `away${at}`)).to.eql([1, `away${at}`, `away${at}`]);
          node.pass(2);
        }
      }
      await replica.start();
      await untilUsed();
    });

    it('is done without when its host vanishes, and used again when it is back: no search waits long', async () => {
      const relay = await startRelay(replica.port);
      const env = { BASE_URL: ISSUER, DATABASE_READ_URL: through(relay, replica.database).url };
      const server = await startServer({ database: primary.database, env });
      const search = () => server.request('GET', '/Patient?family=x', { as: asRoot, timeout: 20_000 });
      const longest = async (count: number) => {
        const times: number[] = [];
        for (let at = 0; at < count; at += 1) {
          const begun = performance.now();
          expect((await search()).status).to.equal(200);
          times.push(performance.now() - begun);
        }
        return Math.max(...times);
      };
      const before = await asked(READS);
      await until('it is used', async () => (await search()).status === 200 && (await asked(READS)) > before);
      relay.vanish();
      expect(await longest(20), 'milliseconds').to.be.below(3000);
      expect(server.output()).to.include('Reads go to the primary instead of the replica: it does not answer');
      relay.appear();
      await until('it is used again', async () => {
        await search();
        return server.output().includes('Reads go to the replica again');
      });
      await server.stop();
      await relay.close();
    });

    it('a revoked token with the database restarted: 401 on both nodes, which need no restart', async () => {
      const basic = { as: { basic: ['app', 'a'] } } as const;
      for (let round = 0; round < 3; round += 1) {
        const token = (await nodes[0].granted({ grant_type: 'client_credentials' }, basic)).string('access_token');
        for (const node of nodes) expect(await node.statusWith(token)).to.equal(200);
        expect((await nodes[0].request('POST', '/auth/revoke', { form: { token }, ...basic })).status).to.equal(200);
        await primary.stop('immediate');
        for (const node of nodes) expect(await node.statusWith(token)).to.equal(503);
        await primary.start();
        for (const node of nodes) {
          await until('an answer', async () => (await node.statusWith(token)) !== 503);
          expect(await node.statusWith(token)).to.equal(401);
        }
        await until('a write', async () => {
          const reply = await nodes[0].request('PUT', '/Patient/p', { as: asRoot, json: { active: round % 2 === 0 } });
          return reply.status === 200;
        });
      }
    });

    it('the primary itself in its place is no replica, and serves all the same', async () => {
      const env = { BASE_URL: ISSUER, DATABASE_READ_URL: primary.database.url };
      const node = apiOf(await startClockedServer(env, primary.database), ISSUER);
      await node.put('/Patient/p', { name: [{ family: 'alone' }] });
      expect(await seen(node, 'alone')).to.eql([1, 'alone', 'alone']);
      await node.stop();
    });

    it('another database in its place is refused, with what to do', async () => {
      const other = await freshDatabase();
      const env = { BASE_URL: ISSUER, DATABASE_READ_URL: replica.database.url };
      const problem: unknown = await startClockedServer(env, other).then(
        () => 'none',
        (error: unknown) => error,
      );
      await other.drop();
      expect(problem).to.be.instanceOf(ConfigError);
      expect(String(problem)).to.match(/DATABASE_READ_URL must name a replica of DATABASE_URL/);
    });
  });
}
