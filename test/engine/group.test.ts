/** What jobs have merely gathered is written in one way to the database, and is all there or not at all. */
import { expect } from 'chai';
import { DatabaseError, type WriterConnection } from '../../resources/storage/connection.ts';
import type { Job } from '../../resources/writing/group.ts';
import { Writer } from '../../resources/writing/writer.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { openedDatabase } from './opened.ts';

describe('What a group of jobs has gathered', () => {
  const database = openedDatabase();
  let asked: string[];
  let run = 0;

  beforeEach(() => {
    asked = [];
    run += 1;
  });

  async function submitted(jobs: Job<unknown>[], wrap = (connection: WriterConnection) => connection) {
    const writer = new Writer({
      dialect: database().dialect,
      clock: () => 7,
      group: { milliseconds: 60_000 },
      open: async () => wrap(noted(await database().openWriter(), asked)),
      afterCommit: () => undefined,
    });
    const results = await Promise.allSettled(jobs.map((job) => writer.submit(job)));
    await writer.close();
    return results.map(({ status }) => status);
  }

  const make = (id: string, hash: string): Job<void> => {
    return async ({ versions, credentials, index }) => {
      const version = { type: 'Patient', id: `${run}-${id}`, versionId: 1, lastUpdated: 7, method: 'POST' } as const;
      const { key } = await versions.insert({ ...version, text: '{}' });
      credentials.insert({ key, name: 'test', hash: `${run}-${hash}`, detail: null });
      index.replace(key, new Map(), new Map([['search_token', [[7, `${run}-${id}`, '', 0, 0]]]]));
    };
  };

  /** The ids that have a version, a credential and an index row. */
  async function stored(): Promise<string[]> {
    const rows = await database().queries.all<{ id: string }>(
      'SELECT r.id FROM resource r JOIN credential c ON c.key = r.key JOIN search_token s ON s.key = r.key' +
        ` WHERE r.id LIKE '${run}-%' AND s.code = r.id ORDER BY r.id`,
    );
    return rows.map(({ id }) => id.slice(`${run}-`.length));
  }

  if (DATABASE_KIND === 'sqlite') {
    it('goes there by itself: there is no transaction to begin and none to commit', async () => {
      expect(await submitted([make('a', 'a'), make('b', 'b')])).to.eql(['fulfilled', 'fulfilled']);
      expect(asked.filter((sql) => !sql.startsWith('SELECT'))).to.eql(['joined']);
      expect(await stored()).to.eql(['a', 'b']);
    });

    it('is refused to all that wait where another process has the file, and tried once', async () => {
      const locked = (connection: WriterConnection): WriterConnection => ({
        ...connection,
        join: async () => async () => {
          asked.push('joined');
          throw new DatabaseError('contention', 'locked');
        },
      });
      expect(await submitted([make('a', 'a'), make('b', 'b')], locked)).to.eql(['rejected', 'rejected']);
      expect(asked.filter((sql) => sql === 'joined')).to.eql(['joined']);
    });
  }

  it('is in the transaction of a job that asks the database itself, which finds it', async () => {
    const counting: Job<void> = async ({ connection }) => {
      const rows = await connection.all(`SELECT id FROM resource WHERE id LIKE '${run}-%'`);
      expect(rows).to.have.length(1);
    };
    expect(await submitted([make('a', 'a'), counting, make('b', 'b')])).to.eql(Array(3).fill('fulfilled'));
    expect(asked.filter((sql) => /^(BEGIN|COMMIT)/.test(sql))).to.eql([database().dialect.begin, 'COMMIT']);
    expect(await stored()).to.eql(['a', 'b']);
  });

  it('is undone whole where it breaks a constraint, and then done but for the job that breaks it', async () => {
    const jobs = [make('a', 'one'), make('b', 'one'), make('c', 'two')];
    expect(await submitted(jobs)).to.eql(['fulfilled', 'rejected', 'fulfilled']);
    expect(await stored()).to.eql(['a', 'c']);
  });
});

/** A connection that writes down what it is asked. */
function noted(connection: WriterConnection, asked: string[]): WriterConnection {
  return {
    all: (sql, bindings) => {
      asked.push(sql);
      return connection.all(sql, bindings);
    },
    run: (sql, bindings) => {
      asked.push(sql);
      return connection.run(sql, bindings);
    },
    join: async (statements) => {
      const write = await connection.join(statements);
      return (rows) => {
        asked.push('joined');
        return write(rows);
      };
    },
    close: () => connection.close(),
  };
}
