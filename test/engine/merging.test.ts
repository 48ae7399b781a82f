/** Queries that wait for their turn and differ in what they bind alone are asked by one statement. */
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import { LimitedConnection } from '../../resources/reading/limited-connection.ts';
import type { Binding, Connection } from '../../resources/storage/connection.ts';
import type { Database } from '../../server/database/database.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { openedDatabase } from './opened.ts';

const LISTED = 'SELECT value FROM json_each(?) WHERE value <> ? ORDER BY value DESC';

describe('Queries that are alike', () => {
  const database = openedDatabase();
  before(function () {
    // PostgreSQL has a connection for each.
    if (DATABASE_KIND !== 'sqlite') this.skip();
  });
  const watched = (clock?: Clock) => watch(database(), clock);

  /** Asks all at once behind a query of another kind, so that they wait in one line. */
  async function askAtOnce(queries: Connection, sql: string, all: Binding[][]): Promise<unknown[][]> {
    const [, ...answers] = await Promise.all([
      queries.all('SELECT 1 AS one'),
      ...all.map((bindings) => queries.all(sql, bindings).catch((error: Error) => [error.name])),
    ]);
    return answers;
  }

  it('are one statement, and each is given its own rows in its own order', async () => {
    const { queries, asked } = watched();
    await queries.all(LISTED, ['[]', 0]);
    const lists = Array.from({ length: 13 }, (_, place) => [place, place + 2, place + 1].slice(0, place % 4));
    const answers = await askAtOnce(
      queries,
      LISTED,
      lists.map((list, place) => [JSON.stringify(list), place]),
    );
    const expected = lists.map((list, place) => list.filter((value) => value !== place).sort((a, b) => b - a));
    expect(answers.map((rows) => rows.map((row) => (row as { value: number }).value))).to.deep.equal(expected);
    expect(asked()).to.deep.equal([1, 1, 8, 4, 1]);
  });

  it('leave others their place in the line', async () => {
    const { queries, asked } = watched();
    for (const sql of ['SELECT ? AS a', 'SELECT ? AS b']) await queries.all(sql, [0]);
    const before = asked().length;
    const texts = ['a', 'b', 'a', 'b', 'b', 'b', 'a'];
    const done: string[] = [];
    const ask = async (name: string, place: number) => {
      const rows = await queries.all(`SELECT ? AS ${name}`, [place]);
      done.push(name);
      return rows;
    };
    const [, ...answers] = await Promise.all([queries.all('SELECT 1 AS one'), ...texts.map(ask)]);
    expect(answers.map(([row]) => Object.entries(row ?? {}).find(([name]) => name !== 'asker'))).to.deep.equal(
      texts.map((name, place) => [name, place]),
    );
    // Three of one wait, of which two are a power of two.
    expect(asked().slice(before)).to.deep.equal([1, 2, 4, 1]);
    expect(done.join('')).to.equal('aabbbba');
  });

  it('fail by themselves', async () => {
    const { queries } = watched();
    await queries.all(LISTED, ['[]', 0]);
    const lists = ['[1]', '[2', '[3]', '[4]'];
    const answers = await askAtOnce(
      queries,
      LISTED,
      lists.map((list) => [list, 0]),
    );
    expect(answers.map(([row]) => row)).to.deep.equal([{ value: 1 }, 'DatabaseError', { value: 3 }, { value: 4 }]);
  });

  it('are asked one by one where the last took long, gave much, or none was asked before', async () => {
    let now = 0;
    let takes = 0;
    const { queries, asked } = watched({
      elapsed: () => now,
      answered: () => {
        now += takes;
      },
    });
    const cases: [milliseconds: number, rows: number, statements: number[]][] = [
      [0, 1, [4]],
      [50, 1, [1, 1, 1, 1]],
      [49, 1, [4]],
      [0, 129, [1, 1, 1, 1]],
      [0, 128, [4]],
    ];
    for (const [milliseconds, rows, statements] of cases) {
      takes = milliseconds;
      const list = JSON.stringify(Array.from({ length: rows }, (_, value) => value + 1));
      await queries.all(LISTED, [list, 0]);
      const before = asked().length;
      await askAtOnce(
        queries,
        LISTED,
        [1, 2, 3, 4].map(() => [list, 0]),
      );
      expect(asked().slice(before + 1), `${milliseconds} ms, ${rows} rows`).to.deep.equal(statements);
    }
    const before = asked().length;
    takes = 0;
    await askAtOnce(queries, 'SELECT ? AS never', [[1], [2]]);
    expect(asked().slice(before + 1)).to.deep.equal([1, 1]);
  });
});

interface Clock {
  elapsed(): number;
  /** Called after each statement. */
  answered(): void;
}

/** Queries one at a time, and how many each statement asked. */
function watch(
  database: Database,
  { elapsed, answered }: Clock = { elapsed: () => 0, answered: () => undefined },
): { queries: LimitedConnection; asked(): number[] } {
  const asked: number[] = [];
  const connection: Connection = {
    ...database.queries,
    all: async <Row>(sql: string, bindings?: readonly Binding[]) => {
      asked.push(sql.split(' UNION ALL ').length);
      const rows = await database.queries.all<Row>(sql, bindings);
      answered();
      return rows;
    },
  };
  return { queries: new LimitedConnection(connection, 1, { elapsed }), asked: () => asked };
}
