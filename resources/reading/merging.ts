import { remember } from '../remember.ts';
import type { Binding, Connection } from '../storage/connection.ts';

/** A query that a caller waits for. */
export interface Question {
  sql: string;
  bindings: readonly Binding[];
}

/** Maximum number of merged queries, so that the next caller does not wait long. */
const MOST_MERGED = 8;

/** A longer text, one with more bindings, or one whose last result had more rows gets its own statement. */
const LONGEST_TEXT = 4000;
const MOST_BINDINGS = 64;
const MOST_ROWS = 128;

/** Milliseconds: a slower query is not merged, so that its caller does not wait for several of the kind. */
const QUICK = 50;

const MOST_SHAPES = 100;

/** What is known about an SQL text. */
interface Shape {
  /** True if its last run was fast and returned few rows. */
  light: boolean;
  /** The merged SQL by number of queries. */
  merged: Map<number, string>;
}

/**
 * Merges queries that differ only in their bindings into one statement. A short search costs mostly the round trip to
 * the database thread, which they then share.
 */
export class Merging {
  readonly #elapsed: () => number;
  readonly #shapes = new Map<string, Shape>();

  /** @param elapsed a monotonic clock in milliseconds */
  constructor(elapsed: () => number = () => performance.now()) {
    this.#elapsed = elapsed;
  }

  /** Returns the queries to merge with the first, including it: a power of two, so that few texts are prepared. */
  alike<Asked extends Question>(first: Asked, others: readonly Asked[]): Asked[] {
    const { sql, bindings } = first;
    const light = this.#shapes.get(sql)?.light && sql.length <= LONGEST_TEXT && bindings.length <= MOST_BINDINGS;
    if (!light) return [first];
    const alike = [first, ...others.filter((other) => other.sql === sql)];
    return alike.slice(0, Math.min(MOST_MERGED, 2 ** Math.floor(Math.log2(alike.length))));
  }

  /** Returns the rows of each of the alike queries, in the order of its query. */
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

  /** Returns the shape of a text and marks it as most recently used; the least recently used are evicted. */
  #shapeOf(sql: string): Shape {
    const shape = this.#shapes.get(sql) ?? { light: false, merged: new Map() };
    remember(this.#shapes, sql, shape, MOST_SHAPES);
    return shape;
  }
}

/** Each row has the number of its query in `asker`. SQLite runs the queries in turn, so each keeps its order. */
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
