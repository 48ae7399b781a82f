import { remember } from '../remember.ts';
import type { Binding, Connection } from '../storage/connection.ts';

/** A query that somebody waits for. */
export interface Question {
  sql: string;
  bindings: readonly Binding[];
}

/** So many are asked by one statement at most, so that whoever comes next does not wait for long. */
const MOST_MERGED = 8;

/** What is longer, binds more, or gave more rows at last is worth a statement of its own. */
const LONGEST_TEXT = 4000;
const MOST_BINDINGS = 64;
const MOST_ROWS = 128;

/** Milliseconds: who asks for what takes longer is not made to wait for several of the kind. */
const QUICK = 50;

const MOST_SHAPES = 100;

/** What is known of a text that was asked. */
interface Shape {
  /** True where its last answer came quickly and was short. */
  light: boolean;
  /** The texts that ask it several times, by how often. */
  merged: Map<number, string>;
}

/**
 * Asks questions that differ in nothing but what they bind by one statement. What a short search costs is mostly its
 * way to the thread of the database and back, and this way is made once for all of them.
 */
export class Merging {
  readonly #elapsed: () => number;
  readonly #shapes = new Map<string, Shape>();

  /** @param elapsed milliseconds of a clock that nobody sets */
  constructor(elapsed: () => number = () => performance.now()) {
    this.#elapsed = elapsed;
  }

  /** Those of some questions that one statement asks with the first: a power of two, so that few texts are prepared. */
  alike<Asked extends Question>(first: Asked, others: readonly Asked[]): Asked[] {
    const { sql, bindings } = first;
    const light = this.#shapes.get(sql)?.light && sql.length <= LONGEST_TEXT && bindings.length <= MOST_BINDINGS;
    if (!light) return [first];
    const alike = [first, ...others.filter((other) => other.sql === sql)];
    return alike.slice(0, Math.min(MOST_MERGED, 2 ** Math.floor(Math.log2(alike.length))));
  }

  /** The rows of each of some questions that are alike, in the order of its query. */
  async ask(connection: Connection, questions: readonly Question[]): Promise<unknown[][]> {
    const [{ sql, bindings } = { sql: '', bindings: [] }] = questions;
    const began = this.#elapsed();
    const shape = this.#shapeOf(sql);
    const answers =
      questions.length === 1
        ? [await connection.all<unknown>(sql, bindings)]
        : await askTogether(connection, mergedText(shape, sql, questions.length), questions);
    const rows = answers.reduce((sum, answer) => sum + answer.length, 0);
    const each = (this.#elapsed() - began) / questions.length;
    shape.light = each < QUICK && rows <= MOST_ROWS * questions.length;
    return answers;
  }

  /** The shape of a text, which is thereby the latest used; those least used are forgotten. */
  #shapeOf(sql: string): Shape {
    const shape = this.#shapes.get(sql) ?? { light: false, merged: new Map() };
    remember(this.#shapes, sql, shape, MOST_SHAPES);
    return shape;
  }
}

/** Each row says by `asker` whose it is. SQLite answers one query after the other, each in its own order. */
function mergedText({ merged }: Shape, sql: string, times: number): string {
  const known = merged.get(times);
  if (known !== undefined) return known;
  const queries = Array.from({ length: times }, (_, asker) => `SELECT ${asker} AS asker, asked.* FROM (${sql}) asked`);
  const text = queries.join(' UNION ALL ');
  merged.set(times, text);
  return text;
}

async function askTogether(connection: Connection, text: string, questions: readonly Question[]): Promise<unknown[][]> {
  const bindings = questions.flatMap((question) => question.bindings);
  const answers: unknown[][] = questions.map(() => []);
  for (const row of await connection.all<{ asker: number }>(text, bindings)) answers[row.asker]?.push(row);
  return answers;
}
