/** A Client with very many Sessions: the job that ends all of them blocks other writes, so it must read only a few. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { PostgresConnection } from '../../../resources/dialects/postgres.ts';
import { SqliteConnection } from '../../../resources/dialects/sqlite.ts';
import type { Connection } from '../../../resources/storage/connection.ts';
import { DATABASE_KIND } from '../../harness/database.ts';
import { type ClockedServer, startClockedServer } from '../../harness/in-process.ts';
import { asRoot } from '../../harness/server.ts';

const SESSIONS = 300;

/** Counts the statements of this process, and the rows that they return, until `end`. */
function watch(): { end(): { statements: number; rows: number } } {
  const seen = { statements: 0, rows: 0 };
  const { prototype }: { prototype: Connection } = DATABASE_KIND === 'sqlite' ? SqliteConnection : PostgresConnection;
  const { all, run } = prototype;
  prototype.all = async function <Row>(this: Connection, ...asked: Parameters<Connection['all']>) {
    const rows: Row[] = (await all.apply(this, asked)) as Row[];
    seen.statements += 1;
    seen.rows += rows.length;
    return rows;
  };
  prototype.run = async function (this: Connection, ...asked: Parameters<Connection['run']>) {
    seen.statements += 1;
    return run.apply(this, asked);
  };
  return {
    end: () => {
      Object.assign(prototype, { all, run });
      return seen;
    },
  };
}

describe('auth: very many Sessions', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  const put = async (json: object) => {
    const reply = await server.request('PUT', '/Client/machine', { as: asRoot, json });
    expect(reply.status, reply.text).to.be.oneOf([200, 201]);
  };
  const token = async () => {
    const as = { basic: ['machine', 'first'] } as const;
    const reply = await server.request('POST', '/auth/token', { as, form: 'grant_type=client_credentials' });
    expect(reply.status, reply.text).to.equal(200);
    return reply.string('access_token');
  };

  it('a new secret cuts all of them off, and reads no more of them than it ends', async () => {
    await put({ secret: 'first', grant_types: ['client_credentials'] });
    const tokens: string[] = [];
    while (tokens.length < SESSIONS) tokens.push(...(await Promise.all(Array.from({ length: 30 }, token))));
    const watched = watch();
    await put({ secret: 'second', grant_types: ['client_credentials'] });
    const { statements, rows } = watched.end();
    for (const bearer of [tokens[0], tokens[150], tokens[SESSIONS - 1]]) {
      const reply = await server.request('GET', '/Patient/x', { as: { bearer: bearer ?? '' } });
      expect(reply.status).to.equal(401);
    }
    expect(rows, 'rows').to.be.below(SESSIONS);
    expect(statements, 'statements').to.be.below(SESSIONS / 2);
  });
});
