/**
 * A token works exactly while its Session is live: whatever happens, in whatever order, every token that was ever given
 * is asked after each step, at every place that takes one.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { type Api, apiOf } from '../auth/http/api.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { runs } from '../harness/generated.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { asRoot } from '../harness/server.ts';
import { Accounts } from './accounts.ts';
import type { ModelSession, Token } from './model.ts';
import { type Scene, type Step, step, take } from './steps.ts';

const STEPS = 30;
const DAY_S = 86_400;

/** A step, and whether the tokens that nobody has used yet are asked after it. */
const story = fc.array(fc.tuple(step, fc.boolean()), { minLength: 1, maxLength: STEPS, size: 'max' });

/** Nodes of one database by one clock as one server: they take the requests in turn. */
async function startNodes(count: number): Promise<Api> {
  // Time stands still between the steps: then the model knows to the second what has expired.
  const begun = Math.floor(Date.now() / 1000) * 1000;
  const env = { AUDIT_RETENTION: '0', BASE_URL: 'http://ward.example' };
  const database = await preparedDatabase();
  const first = await startClockedServer(env, database, () => begun);
  const nodes = [first];
  while (nodes.length < count) nodes.push(await startClockedServer(env, database, () => begun));
  let asked = 0;
  const server: ClockedServer = {
    ...first,
    request(...question) {
      asked += 1;
      return (nodes[asked % count] ?? first).request(...question);
    },
    pass(seconds) {
      for (const node of nodes) node.pass(seconds);
    },
    stop: async () => {
      for (const node of nodes) await node.stop();
      await database.drop();
    },
  };
  return apiOf(server, server.baseUrl);
}

for (const count of DATABASE_KIND === 'postgres' ? [1, 2] : [1])
  describe(`Sessions, nodes: ${count}`, () => {
    let api: Api;
    let accounts: Accounts;
    before(async () => {
      api = await startNodes(count);
      await api.put('/Patient/p', {});
      accounts = await Accounts.make(api);
    });
    after(() => api.stop());

    /** Where an access token is asked for: a resource, who it speaks for, what it is. */
    const places = {
      resource: async (bearer: string) => isGood(await api.statusWith(bearer, '/Patient/p')),
      // A token of the pages without `openid` is known, and told nothing.
      userinfo: async (bearer: string) => isGood(await api.statusWith(bearer, '/auth/userinfo'), 403),
      introspection: async (token: string, client: string) => {
        const { as, form } = await accounts.introspector(client);
        const reply = await api.request('POST', '/auth/introspect', { form: { ...form, token }, ...(as && { as }) });
        expect(reply.status, reply.text).to.equal(200);
        return reply.at('active') === true;
      },
    };
    const ORDER = ['resource', 'userinfo', 'introspection'] as const;

    const ask = async (session: ModelSession, token: Token, at: number) => {
      const expected = session.works(token, api.now());
      const place = (token.use === 'access' && ORDER[at % ORDER.length]) || 'introspection';
      if (expected && token.use === 'access') session.unused = false;
      const { client, user = 'nobody' } = session;
      const told = `the ${token.use} token of ${client} for ${user}, asked at ${place}`;
      expect(await places[place](token.text, client), told).to.equal(expected);
    };

    /** Asks all tokens; those of a retry that is still possible only where it is meant to end that. */
    const askAll = async (sessions: ModelSession[], at: number, curious: boolean) => {
      const asked = sessions.flatMap((session, number) =>
        session.known
          .filter((token) => curious || !session.unused || token.text !== session.current.access)
          .map((token, each) => ask(session, token, at + number + each)),
      );
      await Promise.all(asked);
      for (const { id, over } of sessions) {
        if (!over) continue;
        const stored = await api.request('GET', `/Session/${id}`, { as: asRoot });
        expect(stored.at('active'), `Session/${id}`).to.not.equal(true);
      }
    };

    const tell = async (taken: [Step, boolean][]) => {
      await accounts.restore();
      // What was guessed wrong in another story is forgotten.
      api.pass(2 * DAY_S);
      const scene: Scene = { api, accounts, sessions: [] };
      for (const [at, [each, curious]] of taken.entries()) {
        await take(scene, each);
        await askAll(scene.sessions, at, curious);
      }
    };

    it('a token works exactly while its Session is live, whatever happens', async () => {
      await fc.assert(fc.asyncProperty(story, tell), runs(100));
    }).timeout(900_000);
  });

function isGood(status: number, knownBy = 200): boolean {
  expect(status).to.be.oneOf([200, 401, knownBy]);
  return status !== 401;
}
