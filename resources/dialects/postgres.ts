import { createHash } from 'node:crypto';
import pg, { type QueryResult } from 'pg';
import type { IndexColumn } from '../search/index/tables.ts';
import {
  type Binding,
  type Connection,
  DatabaseError,
  type DatabaseFault,
  type Joined,
} from '../storage/connection.ts';
import type { Dialect } from './dialect.ts';

const TYPES: Record<IndexColumn['type'], string> = { text: 'text', integer: 'bigint', real: 'double precision' };

/** PostgreSQL: any number of processes can write. */
export const postgres: Dialect = {
  name: 'postgres',
  begin: 'BEGIN',
  forUpdate: ' FOR UPDATE',
  forShare: ' FOR SHARE',
  // Looks up each key by the index on type and id: a join with the addresses might scan the whole table.
  resourcesAt: (columns, addresses) =>
    `SELECT ${columns} FROM resource WHERE key = ANY (ARRAY(SELECT (SELECT r.key FROM resource r` +
    ` WHERE r.type = asked.type AND r.id = asked.id) FROM (${addresses}) AS asked)) ORDER BY key FOR UPDATE`,
  lock: 'SELECT pg_advisory_xact_lock(?)',
  rowsFromJson: (columns) =>
    `SELECT ${columns.map(({ name, type }, place) => `(value ->> ${place})::${TYPES[type]} AS ${name}`).join(', ')}` +
    ' FROM json_array_elements(?::json)',
  newKeys:
    'SELECT key AS first, key AS last FROM (' +
    "SELECT nextval(pg_get_serial_sequence('resource', 'key')) AS key FROM generate_series(1, 8)) AS made",
  exclusive: false,
};

/** Runs prepared queries: a pool for reads, a client for writes. */
export interface QueryRunner {
  query(query: { name?: string; text: string; values: readonly Binding[] }): Promise<QueryResult>;
}

interface Prepared {
  name?: string;
  text: string;
}

const MOST_STATEMENTS = 400;

/** A pool or a client that prepares each SQL text once per connection. */
export class PostgresConnection implements Connection {
  readonly #runner: QueryRunner;
  readonly #prepared = new Map<string, Prepared>();

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async all<Row>(sql: string, bindings: readonly Binding[] = []): Promise<Row[]> {
    return (await this.#query(sql, bindings)).rows;
  }

  async run(sql: string, bindings: readonly Binding[] = []): Promise<number> {
    return (await this.#query(sql, bindings)).rowCount ?? 0;
  }

  /** Only a transaction around the statements makes them atomic. */
  async join(statements: readonly string[]): Promise<Joined> {
    return async (rows) => {
      for (const [place, sql] of statements.entries()) {
        const own = rows[place];
        if (own !== undefined) await this.run(sql, [own]);
      }
    };
  }

  async #query(sql: string, values: readonly Binding[]): Promise<QueryResult> {
    try {
      return await this.#runner.query({ ...this.#prepare(sql), values });
    } catch (error) {
      throw asDatabaseError(error);
    }
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known) return known;
    let place = 0;
    const text = sql.replaceAll('?', () => `$${++place}`);
    // Clients combine search parameters freely, so the number of prepared statements is limited.
    if (this.#prepared.size >= MOST_STATEMENTS) return { text };
    // A statement name has at most 63 bytes, and must mean the same text on every connection of the pool.
    const prepared = { name: createHash('sha256').update(text).digest('hex').slice(0, 40), text };
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}

/** The unique constraint on type and id. */
const ADDRESS = 'resource_type_id_unique';

/** SQLSTATE classes, https://www.postgresql.org/docs/current/errcodes-appendix.html. */
const FAULTS: [state: RegExp, fault: DatabaseFault][] = [
  [/^2[23]/, 'constraint'],
  [/^40(001|P01)$/, 'contention'],
  [/^(08|57P0)/, 'lost'],
];

function asDatabaseError(error: unknown): DatabaseError {
  const message = error instanceof Error ? error.message : String(error);
  // An error that is not from the database is one of the connection.
  if (!(error instanceof pg.DatabaseError)) return new DatabaseError('lost', message, error);
  // Jobs never insert an existing resource, so another node has created it at the same time.
  if (error.constraint === ADDRESS) return new DatabaseError('contention', message, error);
  const fault = FAULTS.find(([state]) => state.test(error.code ?? ''))?.[1];
  return new DatabaseError(fault ?? 'failure', message, error);
}
