/** Nodes that write the same few resources at once: each write is stored, and none of them wait in a circle. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import pg from 'pg';
import { DATABASE_KIND, type TestDatabase } from '../harness/database.ts';
import type { Reply } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { asRoot } from '../harness/server.ts';
import { entry, send } from '../interactions/bundles.ts';

const CALLERS = 16;
const REQUESTS = 20;

const resource = (resourceType: string, value: string, at: number) => ({
  resourceType,
  identifier: [{ value }],
  language: `x-${at}`,
});
const put = (node: ClockedServer, path: string, json: object) => node.request('PUT', path, { as: asRoot, json });
/** Two numbers of a caller's request that go through all below a bound, each in its own order. */
const pair = (caller: number, at: number, bound: number) => [(caller + at * 3) % bound, (caller * 5 + at * 7) % bound];

/** What a caller asks a node for; its requests differ in which of the resources they are about, and in their order. */
const LOADS: [about: string, ask: (node: ClockedServer, caller: number, at: number) => Promise<Reply>][] = [
  [
    'logins of four Clients',
    (node, caller, at) => {
      const as = { basic: [`client-${pair(caller, at, 4)[0]}`, 'secret'] as [string, string] };
      return node.request('POST', '/auth/token', { as, form: { grant_type: 'client_credentials' } });
    },
  ],
  [
    'updates of eight Patients',
    (node, caller, at) => {
      const id = `p${pair(caller, at, 8)[0]}`;
      return put(node, `/Patient/${id}`, { ...resource('Patient', id, at), id });
    },
  ],
  [
    'transactions of two of eight Patients, in any order',
    (node, caller, at) => {
      const ids = [...new Set(pair(caller, at, 8))].map((id) => `p${id}`);
      const entries = ids.map((id) => entry(`PUT Patient/${id}`, { ...resource('Patient', id, at), id }));
      return send(node, 'transaction', entries);
    },
  ],
  [
    'updates by criteria of two types, beside updates by id',
    (node, caller, at) => {
      const type = (caller + at) % 2 === 0 ? 'Organization' : 'Practitioner';
      const value = `c${pair(caller, at, 4)[0]}`;
      if (at % 3 === 0)
        return put(node, `/${type}/by-id-${value}`, { ...resource(type, 'by id', at), id: `by-id-${value}` });
      return put(node, `/${type}?identifier=${value}`, resource(type, value, at));
    },
  ],
];

/** How many deadlocks PostgreSQL has found in a database. A connection tells of its own at its end at the latest. */
async function deadlocks({ url }: TestDatabase): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const here = 'datname = current_database()';
    const others = `${here} AND pid <> pg_backend_pid() AND backend_type = 'client backend'`;
    while ((await client.query(`SELECT 1 FROM pg_stat_activity WHERE ${others}`)).rows.length > 0);
    const { rows } = await client.query(`SELECT deadlocks FROM pg_stat_database WHERE ${here}`);
    return Number(rows[0]?.deadlocks);
  } finally {
    await client.end();
  }
}

// A SQLite file has one process.
if (DATABASE_KIND === 'postgres') {
  // Of two nodes one has all that it locks, as a rule, when the other begins: a third makes their order matter.
  describe('writes of the same resources on three nodes', () => {
    for (const [about, ask] of LOADS) {
      it(`${about}: all are stored, and none waits for another that waits for it`, async () => {
        const database = await preparedDatabase();
        const start = () => startClockedServer({}, database);
        const nodes = [await start(), await start(), await start()] as const;
        const client = { resourceType: 'Client', secret: 'secret', grant_types: ['client_credentials'] };
        for (let at = 0; at < 4; at += 1) {
          const made = await put(nodes[0], `/Client/client-${at}`, client);
          expect(made.status, made.text).to.equal(201);
        }
        const refused = new Set<string>();
        const call = async (_: unknown, caller: number) => {
          for (let at = 0; at < REQUESTS; at += 1) {
            const reply = await ask(nodes[caller % nodes.length] ?? nodes[0], caller, at);
            if (reply.status !== 200 && reply.status !== 201) refused.add(`${reply.status} ${reply.text}`);
          }
        };
        await Promise.all(Array.from({ length: CALLERS }, call));
        for (const node of nodes) await node.stop();
        expect([...refused]).to.eql([]);
        expect(await deadlocks(database)).to.equal(0);
        await database.drop();
      }).timeout(120_000);
    }
  });
}
