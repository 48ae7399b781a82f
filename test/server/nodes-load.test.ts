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
import { persistently } from './persistently.ts';
import { until } from './poll.ts';

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
const LOADS: [
  about: string,
  ask: (node: ClockedServer, caller: number, at: number) => Promise<Reply>,
  requests?: number,
][] = [
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
  [
    'logins and refreshes of four Users, beside the end of all their Sessions',
    (node, caller, at) =>
      // Most of the time somebody is waited for who is about all of them: who is refused asks again.
      persistently(() =>
        caller % 4 === 0 && at % 2 === 0
          ? node.request('POST', '/Session/$revoke?client=Client/app', { as: asRoot })
          : stayLoggedIn(node, caller),
      ),
    8,
  ],
];

/** The refresh token of each caller. */
const held = new Map<number, string>();

/** Logs a caller in or, where it is, refreshes: what has been ended meanwhile is begun again. */
async function stayLoggedIn(node: ClockedServer, caller: number): Promise<Reply> {
  const refresh_token = held.get(caller);
  const form = refresh_token === undefined ? loginOf(caller) : { grant_type: 'refresh_token', refresh_token };
  const reply = await node.request('POST', '/auth/token', { form: { client_id: 'app', ...form } });
  if (reply.status === 200) held.set(caller, reply.string('refresh_token'));
  if (reply.status !== 400 || refresh_token === undefined) return reply;
  held.delete(caller);
  return stayLoggedIn(node, caller);
}

const loginOf = (caller: number) => ({
  grant_type: 'password',
  username: `user-${caller % 4}`,
  password: 'correct-horse',
});

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
    const startNodes = async (database: TestDatabase) => {
      const start = () => startClockedServer({}, database);
      return [await start(), await start(), await start()] as const;
    };

    for (const [about, ask, requests = REQUESTS] of LOADS) {
      it(`${about}: all are stored, and none waits for another that waits for it`, async () => {
        const database = await preparedDatabase();
        const nodes = await startNodes(database);
        const client = { resourceType: 'Client', secret: 'secret', grant_types: ['client_credentials'] };
        for (let at = 0; at < 4; at += 1) {
          const made = await put(nodes[0], `/Client/client-${at}`, client);
          expect(made.status, made.text).to.equal(201);
          await put(nodes[0], `/User/user-${at}`, { password: 'correct-horse' });
        }
        await put(nodes[0], '/Client/app', { grant_types: ['password'], auth: { password: { refresh_token: true } } });
        const refused = new Set<string>();
        const call = async (_: unknown, caller: number) => {
          for (let at = 0; at < requests; at += 1) {
            const reply = await ask(nodes[caller % nodes.length] ?? nodes[0], caller, at);
            if (reply.status !== 200 && reply.status !== 201) refused.add(`${reply.status} ${reply.text}`);
          }
        };
        await Promise.all(Array.from({ length: CALLERS }, call));
        for (const node of nodes) await node.stop();
        expect({ refused: [...refused], deadlocks: await deadlocks(database) }).to.eql({ refused: [], deadlocks: 0 });
        await database.drop();
      });
    }

    it('the same Patients made in two orders: none waits for another that waits for it', async () => {
      const database = await preparedDatabase();
      const nodes = await startNodes(database);
      const [client, observer] = [1, 2].map(() => new pg.Client({ connectionString: database.url })) as [
        pg.Client,
        pg.Client,
      ];
      for (const each of [client, observer]) await each.connect();
      // Whoever makes Patient/b waits until this has ended, and holds what it made before.
      await client.query('BEGIN');
      await client.query(
        'INSERT INTO resource (key, type, id, version_id, last_updated, method, text)' +
          " VALUES (nextval(pg_get_serial_sequence('resource', 'key')), 'Patient', 'b', 1, 0, 'PUT', NULL)",
      );
      const made = [['a', 'b', 'c'] as const, ['c', 'b', 'a'] as const].map((ids, at) =>
        send(
          nodes[at] ?? nodes[0],
          'transaction',
          ids.map((id) => entry(`PUT Patient/${id}`, { ...resource('Patient', id, at), id })),
        ),
      );
      const waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      await until('both wait', async () => (await observer.query(waiting)).rows.length === 2);
      await client.query('ROLLBACK');
      for (const each of [client, observer]) await each.end();
      for (const { status, text } of await Promise.all(made)) expect(status, text).to.equal(200);
      for (const node of nodes) await node.stop();
      expect(await deadlocks(database)).to.equal(0);
      await database.drop();
    }).timeout(30_000);
  });
}
