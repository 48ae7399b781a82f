/** What one process is told of access holds on all others from the next request on: two servers of two workers each. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { DATABASE_KIND, type TestDatabase } from '../harness/database.ts';
import { LONG } from '../harness/generated.ts';
import type { Identity, Reply } from '../harness/http.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';
import { entry, send } from '../interactions/bundles.ts';
import { type Line, linesTo } from './lines.ts';
import { listening } from './processes.ts';

/** How often each change is made, by another process each time. */
const ROUNDS = LONG ? 12 : 1;
const ENV = { BASE_URL: 'http://ward.example', WORKERS: '2', TRUSTED_PROXIES: '127.0.0.0/8' };
const REFRESHABLE = { refresh_token: true };
const PASSWORD = 'correct-horse';

/** What is let in before a change, and how the change is made. */
interface Begun {
  let: readonly Identity[];
  change(line: Line): Promise<Reply>;
}

/** Begins by one process; `id` is new each time. */
type Way = (line: Line, id: string) => Promise<Begun>;

const put = async (line: Line, path: string, json: object) => {
  const reply = await line.request('PUT', path, { as: asRoot, json });
  expect(reply.status, reply.text).to.be.oneOf([200, 201]);
  return reply;
};
const token = async (line: Line, form: Record<string, string>) => {
  const reply = await line.request('POST', '/auth/token', { form });
  expect(reply.status, reply.text).to.equal(200);
  return { bearer: reply.string('access_token'), refresh: String(reply.at('refresh_token')) };
};
const login = (line: Line, client: string) =>
  token(line, { grant_type: 'client_credentials', client_id: client, client_secret: 'secret' });
const signIn = (line: Line, username: string) =>
  token(line, { grant_type: 'password', client_id: 'app', username, password: PASSWORD });
const change = (method: string, path: string, json?: object) => (line: Line) =>
  line.request(method, path, { as: asRoot, ...(json && { json }) });
/** The Session of the token that was issued last to a Client. */
const sessionOf = async (line: Line, client: string) => {
  const found = await line.request('GET', `/Session?client=Client/${client}&_sort=-start&_count=1`, { as: asRoot });
  return found.at('entry.0.resource') as { id: string };
};
const link = (reference: string) => ({ engine: 'allow', link: [{ reference }] });
const revoke = (sent: string) => (line: Line) =>
  line.request('POST', '/auth/revoke', { form: { token: sent }, as: { basic: ['opaque', 'secret'] } });

/** A Client of its own, with what it is let in by. */
const client = async (line: Line, id: string, changed: (made: object) => (line: Line) => Promise<Reply>) => {
  const made = { secret: 'secret', grant_types: ['client_credentials', 'basic'] };
  await put(line, `/Client/${id}`, made);
  await put(line, `/AccessPolicy/${id}`, link(`Client/${id}`));
  const { bearer } = await login(line, id);
  return { let: [{ bearer }, { basic: [id, 'secret'] as const }], change: changed(made) };
};
const user = async (line: Line, id: string, json: object, changed: (line: Line) => Promise<Reply>) => {
  await put(line, `/User/${id}`, { password: PASSWORD, ...json });
  await put(line, `/AccessPolicy/${id}`, link(`User/${id}`));
  return { let: [await signIn(line, id)], change: changed };
};
/** A policy of its own for a Client that has no other. */
const policy = async (line: Line, id: string, changed: (line: Line) => Promise<Reply>) => {
  await put(line, `/AccessPolicy/${id}`, link('Client/guarded'));
  return { let: [await login(line, 'guarded')], change: changed };
};

const WAYS: [about: string, refused: 401 | 403, way: Way][] = [
  [
    'an access token that is revoked',
    401,
    async (line) => {
      const given = await login(line, 'opaque');
      return { let: [given], change: revoke(given.bearer) };
    },
  ],
  [
    'a refresh token that is revoked, of JWTs',
    401,
    async (line) => {
      const given = await login(line, 'jwt');
      const form = { token: given.refresh };
      const as = { basic: ['jwt', 'secret'] as const };
      return { let: [given], change: (told) => told.request('POST', '/auth/revoke', { form, as }) };
    },
  ],
  [
    'DELETE /Session by its own token',
    401,
    async (line) => {
      const given = await login(line, 'jwt');
      return { let: [given], change: (told) => told.request('DELETE', '/Session', { as: given }) };
    },
  ],
  [
    'DELETE of a Session',
    401,
    async (line) => {
      const given = await login(line, 'opaque');
      return { let: [given], change: change('DELETE', `/Session/${(await sessionOf(line, 'opaque')).id}`) };
    },
  ],
  [
    'PUT of a Session that is not active',
    401,
    async (line) => {
      const given = await login(line, 'jwt');
      const session = await sessionOf(line, 'jwt');
      return { let: [given], change: change('PUT', `/Session/${session.id}`, { ...session, active: false }) };
    },
  ],
  [
    'PATCH of a Session',
    401,
    async (line) => {
      const given = await login(line, 'opaque');
      const { id } = await sessionOf(line, 'opaque');
      const headers = { 'content-type': 'application/merge-patch+json' };
      const asked = { as: asRoot, body: '{"active":false}', headers };
      return { let: [given], change: (told) => told.request('PATCH', `/Session/${id}`, asked) };
    },
  ],
  [
    'POST /Session/$revoke',
    401,
    async (line) => {
      const given = await login(line, 'jwt');
      return { let: [given], change: change('POST', `/Session/$revoke?_id=${(await sessionOf(line, 'jwt')).id}`) };
    },
  ],
  [
    'a Session that is deleted in a transaction',
    401,
    async (line) => {
      const given = await login(line, 'opaque');
      const entries = [entry(`DELETE Session/${(await sessionOf(line, 'opaque')).id}`)];
      return { let: [given], change: (told) => send(told, 'transaction', entries) };
    },
  ],
  [
    'a secret that changes',
    401,
    (line, id) => client(line, id, (made) => change('PUT', `/Client/${id}`, { ...made, secret: 'another' })),
  ],
  [
    'a Client that is switched off',
    401,
    (line, id) => client(line, id, (made) => change('PUT', `/Client/${id}`, { ...made, active: false })),
  ],
  [
    'a Client that loses its grants',
    401,
    (line, id) => client(line, id, (made) => change('PUT', `/Client/${id}`, { ...made, grant_types: ['password'] })),
  ],
  ['a Client that is deleted', 401, (line, id) => client(line, id, () => change('DELETE', `/Client/${id}`))],
  [
    'a User that is switched off',
    401,
    (line, id) => user(line, id, {}, change('PUT', `/User/${id}`, { inactive: true })),
  ],
  [
    'a password that changes',
    401,
    (line, id) => user(line, id, {}, change('PUT', `/User/${id}`, { password: 'battery-staple' })),
  ],
  ['a User that is deleted', 401, (line, id) => user(line, id, {}, change('DELETE', `/User/${id}`))],
  [
    'a User that loses a role',
    403,
    async (line, id) => {
      const begun = await user(line, id, { roles: [{ value: id }] }, change('PUT', `/User/${id}`, {}));
      await put(line, `/AccessPolicy/${id}`, { engine: 'allow', link: [{ resourceType: 'Role', id }] });
      return begun;
    },
  ],
  ['a policy that is deleted', 403, (line, id) => policy(line, id, change('DELETE', `/AccessPolicy/${id}`))],
  [
    'a policy for somebody else',
    403,
    (line, id) => policy(line, id, change('PUT', `/AccessPolicy/${id}`, link('Client/jwt'))),
  ],
  [
    'a policy that asks for more',
    403,
    (line, id) => {
      const matcho = { params: { family: 'present?' } };
      const asked = { ...link('Client/guarded'), engine: 'matcho', matcho };
      return policy(line, id, change('PUT', `/AccessPolicy/${id}`, asked));
    },
  ],
];

// A SQLite file has one process.
if (DATABASE_KIND === 'postgres') {
  describe('access on two servers of two workers each', () => {
    let database: TestDatabase;
    let servers: TestServer[];
    let lines: Line[];
    before(async function () {
      this.timeout(40_000);
      database = await preparedDatabase();
      const start = () => startServer({ database, env: ENV });
      servers = await Promise.all([start(), start()]);
      for (const server of servers) await listening(server, 2);
      lines = (await Promise.all(servers.map(linesTo))).flat();
      const [line] = lines as [Line];
      const made = { secret: 'secret', grant_types: ['client_credentials'] };
      const auth = { client_credentials: REFRESHABLE };
      await put(line, '/Client/opaque', { ...made, auth });
      await put(line, '/Client/jwt', {
        ...made,
        auth: { client_credentials: { ...REFRESHABLE, token_format: 'jwt' } },
      });
      await put(line, '/Client/guarded', made);
      await put(line, '/Client/app', { grant_types: ['password'] });
      const clients = ['opaque', 'jwt'].map((id) => ({ reference: `Client/${id}` }));
      await put(line, '/AccessPolicy/all', { engine: 'allow', link: clients });
    });
    after(async function () {
      this.timeout(30_000);
      for (const line of lines ?? []) await line.close();
      for (const server of servers ?? []) expect(await server.stop()).to.equal(0);
      await database.drop();
    });

    let turn = 0;
    for (const [about, refused, way] of WAYS) {
      it(`${about}: ${refused} at once on all four`, async () => {
        for (let round = 0; round < ROUNDS; round += 1) {
          turn += 1;
          const [told, other] = [lines[turn % 4], lines[(turn + 1) % 4]] as [Line, Line];
          const begun = await way(other, `n${turn}`);
          // Wrong secrets are counted by address, and some changes make secrets wrong.
          const headers = { 'x-forwarded-for': `198.51.100.${turn}` };
          const statuses = () =>
            Promise.all(
              begun.let.flatMap((as) =>
                lines.map(async (line) => (await line.request('GET', '/Patient?_count=1', { as, headers })).status),
              ),
            );
          expect(new Set(await statuses()), 'before').to.eql(new Set([200]));
          const { status, text } = await begun.change(told);
          expect(status, text).to.be.oneOf([200, 204]);
          expect(new Set(await statuses()), 'after').to.eql(new Set([refused]));
        }
      }).timeout(60_000);
    }
  });
}
