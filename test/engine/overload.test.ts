/** Queues that fill refuse work before it would wait too long, and take work again by themselves. */
import { expect } from 'chai';
import pg from 'pg';
import { Failure } from '../../resources/errors.ts';
import { BoundedQueue, type BoundedQueueOptions, LONGEST_WAIT } from '../../resources/pace/bounded-queue.ts';
import { BatchReader, rowByKey } from '../../resources/reading/batch-reader.ts';
import { LimitedConnection } from '../../resources/reading/limited-connection.ts';
import type { Connection } from '../../resources/storage/connection.ts';
import type { Job } from '../../resources/writing/group.ts';
import { Writer } from '../../resources/writing/writer.ts';
import { openDatabase } from '../../server/database/database.ts';
import { DATABASE_KIND, freshDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { until } from '../server/poll.ts';
import { openedDatabase } from './opened.ts';

describe('The queue of writes, overloaded', () => {
  const database = openedDatabase();
  afterEach(async () => {
    const connection = await database().openWriter();
    await connection.run('DELETE FROM server_key');
    await connection.close();
  });

  /** A writer whose first commit takes until the test lets it go. */
  function stuckWriter(wait: Pick<BoundedQueueOptions, 'longest' | 'elapsed'>) {
    let letGo: () => void = () => undefined;
    let began: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const committing = new Promise<void>((resolve) => {
      began = resolve;
    });
    const writer = new Writer({
      dialect: database().dialect,
      clock: () => 42,
      wait,
      open: async () => {
        const connection = await database().openWriter();
        return {
          all: (sql, bindings) => connection.all(sql, bindings),
          run: async (sql, bindings) => {
            if (sql === 'COMMIT') {
              began();
              await held;
            }
            return connection.run(sql, bindings);
          },
          join: (statements) => connection.join(statements),
          close: () => connection.close(),
        };
      },
      afterCommit: () => undefined,
    });
    return { writer, committing, letGo };
  }

  async function stored(): Promise<string[]> {
    const rows = await database().queries.all<{ name: string }>('SELECT name FROM server_key ORDER BY name');
    return rows.map(({ name }) => name);
  }

  it('refuses at once what would wait too long, and serves those before it and those that come later', async () => {
    let now = 0;
    const { writer, committing, letGo } = stuckWriter({ elapsed: () => now });
    const first = writer.submit(insert('a'));
    await committing;
    const second = writer.submit(insert('b'));
    now = LONGEST_WAIT / 2;
    const third = writer.submit(insert('c'));
    now = LONGEST_WAIT - 1;
    expect(writer.waiting).to.equal(2);
    const refusal = await writer.submit(insert('d')).catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(Failure).and.include({ code: 'busy', status: 503, retryAfter: 1 });
    letGo();
    await Promise.all([first, second, third]);
    await writer.submit(insert('e'));
    await writer.close();
    expect(await stored()).to.deep.equal(['a', 'b', 'c', 'e']);
  });

  it('refuses what has waited too long while nothing moves, stores none of it, and takes the next again', async () => {
    let now = 0;
    const { writer, committing, letGo } = stuckWriter({ longest: 20, elapsed: () => now });
    const first = writer.submit(insert('a'));
    await committing;
    const waiting = [writer.submit(insert('b')), writer.submit(insert('c'))];
    now = 20;
    for (const refusal of await Promise.allSettled(waiting)) {
      expect(refusal.status === 'rejected' && refusal.reason).to.include({ code: 'busy', retryAfter: 1 });
    }
    letGo();
    await first;
    await writer.submit(insert('d'));
    await writer.close();
    expect(await stored()).to.deep.equal(['a', 'd']);
  });
});

describe('Searches on one connection, overloaded', () => {
  it('refuses what would wait too long, and serves those before it and those that come later', async () => {
    const file = await freshDatabase();
    const database = await openDatabase(file.url);
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let now = 0;
    let atOnce = 0;
    let most = 0;
    const slow: Connection = {
      ...database.queries,
      all: async (sql, bindings) => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await held;
        atOnce -= 1;
        return database.queries.all<never>(sql, bindings);
      },
    };
    const queries = new LimitedConnection(slow, 2, { elapsed: () => now });
    const ask = (number: number) => queries.all(`SELECT ${number} AS number`);
    const early = [1, 2, 3, 4].map(ask);
    now = LONGEST_WAIT - 1;
    expect(queries.waiting).to.equal(2);
    expect(await ask(5).catch((error: unknown) => error)).to.include({ code: 'busy', retryAfter: 1 });
    letGo();
    expect(await Promise.all(early)).to.deep.equal([1, 2, 3, 4].map((number) => [{ number }]));
    expect([await ask(6), most, queries.waiting]).to.deep.equal([[{ number: 6 }], 2, 0]);
    await database.close();
    await file.drop();
  });

  if (DATABASE_KIND === 'postgres') {
    it('503 with Retry-After where no search ends in time; the others, and what is none, are answered', async () => {
      const file = await freshDatabase();
      const server = await startClockedServer({}, file);
      await server.request('PUT', '/Patient/p', { as: asRoot, json: {} });
      const lock = new pg.Client(file.url);
      // Another, since what happens meanwhile is not seen within a transaction.
      const watch = new pg.Client(file.url);
      await Promise.all([lock.connect(), watch.connect()]);
      await lock.query('BEGIN; LOCK TABLE search_string');
      const search = (name: string) => server.request('GET', `/Patient?name=${name}`, { as: asRoot });
      // As many as search at once; each waits for the lock.
      const stuck = Array.from({ length: 6 }, (_, place) => search(`n${place}`));
      await until('the searches to wait', async () => {
        const waiting =
          "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = $1";
        const { rows } = await watch.query(waiting, [new URL(file.url).pathname.slice(1)]);
        return rows[0].n === 6;
      });
      const refused = await search('more');
      expect([refused.status, refused.header('retry-after')], refused.text).to.deep.equal([503, '1']);
      // What is no search has connections of its own.
      expect((await server.request('GET', '/Patient/p', { as: asRoot })).status).to.equal(200);
      await lock.query('COMMIT');
      for (const reply of await Promise.all(stuck)) expect(reply.status, reply.text).to.equal(200);
      expect((await search('more')).status).to.equal(200);
      await Promise.all([lock.end(), watch.end()]);
      await server.stop();
      await file.drop();
    });
  }
});

describe('Reads by id, overloaded', () => {
  it('refuses those that have waited too long behind a statement, and takes the next again', async () => {
    const file = await freshDatabase();
    const database = await openDatabase(file.url);
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const statements: number[] = [];
    const slow: Connection = {
      ...database.points,
      all: async (sql, bindings = []) => {
        statements.push(new Set(bindings).size);
        await held;
        return database.points.all<never>(sql, bindings);
      },
    };
    let now = 0;
    const sql = (list: string) =>
      `SELECT v FROM (SELECT 'a' AS v UNION SELECT 'b' UNION SELECT 'c') t WHERE v IN (${list})`;
    const wait = { longest: 20, elapsed: () => now };
    const reader = new BatchReader<{ v: string }>(
      slow,
      sql,
      rowByKey(({ v }) => v),
      [],
      wait,
    );
    const first = reader.read('a');
    await until('the statement', () => statements.length === 1);
    const others = [reader.read('b'), reader.read('c')];
    now = 20;
    for (const refusal of await Promise.allSettled(others)) {
      expect(refusal.status === 'rejected' && refusal.reason).to.include({ code: 'busy', retryAfter: 1 });
    }
    const later = reader.read('b');
    letGo();
    expect([await first, await later, await reader.read('x')]).to.eql([{ v: 'a' }, { v: 'b' }, undefined]);
    expect(statements).to.eql([1, 1, 1]);
    await database.close();
    await file.drop();
  });
});

describe('A waiting line', () => {
  it('bounds a wait so that an answer comes within two seconds', () => {
    expect(LONGEST_WAIT).to.be.within(500, 1900);
  });

  it('counts what somebody has waited elsewhere, and serves who has waited longest', () => {
    let now = 1000;
    const line = new BoundedQueue<Visitor>({ name: 'tests', longest: 300, elapsed: () => now });
    const join = (name: string, since?: number) => line.join({ name, reject: () => undefined }, since);
    join('first');
    join('earlier elsewhere', 900);
    now = 1100;
    join('new');
    // Half as long again as the foremost has waited here would be too long on top of it.
    expect(() => join('late', 950))
      .to.throw(Failure)
      .with.property('code', 'busy');
    expect([line.next()?.name, line.next()?.name, line.next()?.name]).to.eql(['earlier elsewhere', 'first', 'new']);
  });

  it('refuses nobody for what it did before, however long that took, where none waits', () => {
    const line = new BoundedQueue<Visitor>({ name: 'tests', longest: 300, elapsed: () => 1000 });
    line.join({ name: 'came after a long search', reject: () => undefined }, 0);
    expect(line.length).to.equal(1);
  });

  it('counts what stands before who comes, and not who stands behind', () => {
    let now = 1000;
    const line = new BoundedQueue<Visitor>({ name: 'tests', longest: 300, elapsed: () => now });
    line.join({ name: 'first', reject: () => undefined });
    now = 1140;
    // It has waited longer than the foremost: half as long again as that one would be too long for it.
    line.join({ name: 'woken, and back', reject: () => undefined }, 990);
    now = 1220;
    const refused = () => line.join({ name: 'new', reject: () => undefined });
    expect(refused).to.throw(Failure).with.property('code', 'busy');
    expect([line.next()?.name, line.next()?.name]).to.eql(['woken, and back', 'first']);
  });

  it('refuses in time who has waited elsewhere, whoever came before', async () => {
    let now = 0;
    const line = new BoundedQueue<Visitor>({ name: 'tests', longest: 300, elapsed: () => now });
    const happened: string[] = [];
    line.join({ name: 'first', reject: () => undefined });
    line.join({ name: 'long underway', reject: () => happened.push('refused') }, -200);
    now = 100;
    // Timers run in the order in which they are due, however late they are.
    await new Promise<void>((resolve) => setTimeout(resolve, 200));
    expect([happened, line.length]).to.eql([['refused'], 1]);
  });

  it('serves in the order of arrival, and refuses each when its own time is over', async () => {
    let now = 0;
    const line = new BoundedQueue<Visitor>({ name: 'tests', longest: 20, elapsed: () => now });
    const gone: string[] = [];
    const join = (name: string) =>
      new Promise<void>((resolve) => {
        const reject = () => {
          gone.push(name);
          resolve();
        };
        line.join({ name, reject });
      });
    void join('served');
    const one = join('one');
    expect(line.next()?.name).to.equal('served');
    now = 10;
    const two = join('two');
    now = 20;
    await one;
    expect([gone, line.length]).to.deep.equal([['one'], 1]);
    now = 30;
    await two;
    expect([gone, line.length, line.next()]).to.deep.equal([['one', 'two'], 0, undefined]);
  });
});

interface Visitor {
  name: string;
  reject(error: unknown): void;
}

function insert(name: string): Job<void> {
  return async ({ connection }) => {
    await connection.run('INSERT INTO server_key (name, value) VALUES (?, ?)', [name, '']);
  };
}
