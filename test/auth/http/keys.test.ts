/** `/auth/keys`: whoever a policy lets is told of the signing keys and has the next one made, while all nodes serve. */
import { expect } from 'chai';
import { decodeProtectedHeader } from 'jose';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { DATABASE_KIND, type TestDatabase } from '../../harness/database.ts';
import type { Identity, Reply } from '../../harness/http.ts';
import { startClockedServer } from '../../harness/in-process.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { asRoot } from '../../harness/server.ts';
import { until } from '../../server/poll.ts';
import { type Api, apiOf, refusal } from './api.ts';

const ISSUER = 'http://ward.example';
/** Seconds: twice the max-age of jwks.json. */
const LEAD = 600;
const KID = /^[\w-]{43}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

interface Key extends Record<string, string> {
  kid: string;
  state: string;
}

describe('auth: /auth/keys', () => {
  let database: TestDatabase;
  let nodes: Api[];

  /** Two nodes take turns where there can be two. */
  const node = (turn = 0): Api => {
    const found = nodes[turn % nodes.length];
    if (!found) throw new Error('no node is started');
    return found;
  };
  const pass = (seconds: number) => {
    for (const each of nodes) each.pass(seconds);
  };
  /** A Client that policies let do what the pattern says, and nothing where there is none. */
  const client = async (id: string, matcho?: object): Promise<Identity> => {
    const auth = { client_credentials: { token_format: 'jwt' } };
    await node().put(`/Client/${id}`, {
      secret: `secret-of-${id}`,
      grant_types: ['basic', 'client_credentials'],
      auth,
    });
    const link = [{ reference: `Client/${id}` }];
    if (matcho) await node().put(`/AccessPolicy/${id}`, { engine: 'matcho', matcho, link });
    return { basic: [id, `secret-of-${id}`] };
  };
  const token = async (as: Identity, scope = '', turn = 0): Promise<string> => {
    const form = { grant_type: 'client_credentials', scope };
    return (await node(turn).granted(form, { as })).string('access_token');
  };
  const rotate = async (json?: object, as: Identity = asRoot): Promise<Reply> => {
    const reply = await node().request('POST', '/auth/keys', { as, ...(json ? { json } : {}) });
    expect(reply.status, reply.text).to.equal(200);
    return reply;
  };
  const keys = async (turn = 0): Promise<Key[]> => {
    const reply = await node(turn).request('GET', '/auth/keys', { as: asRoot });
    expect(reply.status, reply.text).to.equal(200);
    return reply.list('keys') as Key[];
  };
  const published = async (turn = 0): Promise<string[]> => {
    const reply = await node(turn).request('GET', '/.well-known/jwks.json');
    return reply.list('keys').map((key) => (key as Key).kid);
  };
  const kidOf = (jwt: string) => decodeProtectedHeader(jwt).kid ?? '';
  const asked = (method: string, options: Parameters<Api['request']>[2], path = '/auth/keys') =>
    node().request(method, path, options);

  beforeEach(async () => {
    [nodes, database] = [[], await preparedDatabase()];
    for (let count = DATABASE_KIND === 'postgres' ? 2 : 1; count > 0; count -= 1) {
      nodes.push(apiOf(await startClockedServer({ BASE_URL: ISSUER, SIGNING_ALG: 'ES256' }, database), ISSUER));
    }
  });
  afterEach(async () => {
    for (const each of nodes) await each.stop();
    await database.drop();
  });

  it('nobody has a key made, or is told of the keys, without a policy: the anonymous 401, others 403', async () => {
    const [before, as] = [await published(), await client('nothing')];
    for (const method of ['GET', 'POST']) {
      const anonymous = await asked(method, {});
      expect(refusal(anonymous)).to.equal('401 invalid_token');
      expect(anonymous.header('www-authenticate')).to.equal('Bearer realm="ward"');
      expect(refusal(await asked(method, { as }))).to.equal('403 access_denied');
      expect(refusal(await asked(method, { as: { bearer: await token(as) } }))).to.equal('403 access_denied');
      expect(refusal(await asked(method, { as: { basic: ['root', 'wrong'] } }))).to.equal('401 invalid_client');
    }
    expect(await published()).to.eql(before);
  });

  it('whoever a policy lets, by the operations keys and rotate-keys, and by the body', async () => {
    const reader = await client('reader', { operation: { id: 'keys' } });
    expect((await asked('GET', { as: reader })).status).to.equal(200);
    expect(refusal(await asked('POST', { as: reader }))).to.equal('403 access_denied');
    await node().put('/AccessPolicy/reader', {
      engine: 'allow',
      link: ['keys', 'rotate-keys'].map((id) => ({ resourceType: 'Operation', id })),
    });
    for (const method of ['GET', 'POST']) expect((await asked(method, {})).status, 'the anonymous').to.equal(200);
    await node().remove('/AccessPolicy/reader');
    const gentle = await client('gentle', { operation: { id: 'rotate-keys' }, body: { now: false } });
    expect(refusal(await asked('GET', { as: gentle }))).to.equal('403 access_denied');
    expect(refusal(await asked('POST', { as: gentle, json: { now: true } }))).to.equal('403 access_denied');
    expect((await rotate({ now: false }, gentle)).at('outcome')).to.equal('pending');
    const link = [{ reference: 'Client/rows' }];
    const rows = await client('rows');
    await node().put('/AccessPolicy/rows', { engine: 'criteria', resource: 'Patient', criteria: 'active=true', link });
    expect(refusal(await asked('POST', { as: rows }))).to.equal('403 access_denied');
  });

  it('no token whose scopes narrow it has a key made, whatever its policies let', async () => {
    const as = await client('admin', { operation: { id: { $enum: ['keys', 'rotate-keys'] } } });
    for (const scope of ['system/*.*', 'user/*.read', 'system/Patient.rs']) {
      const bearer = await token(as, scope);
      for (const method of ['GET', 'POST']) {
        const reply = await asked(method, { as: { bearer } });
        expect(refusal(reply), scope).to.equal('403 insufficient_scope');
        expect(reply.header('www-authenticate')).to.equal('Bearer realm="ward", error="insufficient_scope"');
      }
    }
    expect(await keys()).to.have.length(1);
    expect((await asked('POST', { as: { bearer: await token(as) } })).status).to.equal(200);
  });

  it('a new key is published at once, and signs when everyone may have read of it', async () => {
    const as = await client('app', { operation: { id: 'none' } });
    const old = kidOf(await token(as));
    const reply = await rotate();
    const kid = reply.string('kid');
    expect(reply.body).to.eql({ outcome: 'published', kid, signs_from: reply.at('signs_from') });
    expect(Date.parse(reply.string('signs_from')) - node().now()).to.be.within(LEAD * 1000 - 30_000, LEAD * 1000);
    expect(await published()).to.have.members([old, kid]);
    expect((await rotate()).body, 'again').to.eql({ ...(reply.body as object), outcome: 'pending' });
    pass(LEAD - 60);
    for (const turn of [0, 1]) expect(await published(turn)).to.have.members([old, kid]);
    for (const turn of [0, 1]) expect(kidOf(await token(as, '', turn))).to.equal(old);
    pass(61);
    for (const turn of [0, 1]) expect(kidOf(await token(as, '', turn))).to.equal(kid);
  });

  it('of many that ask at once one makes the key, and all are told of it', async () => {
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, turn) => node(turn).request('POST', '/auth/keys', { as: asRoot })),
    );
    const outcomes = replies.map((reply) => reply.at('outcome'));
    expect(outcomes.filter((outcome) => outcome === 'published')).to.have.length(1);
    expect(new Set(replies.map((reply) => reply.string('kid'))).size).to.equal(1);
    expect(await keys()).to.have.length(2);
  });

  it('now: whoever asks with a JWT is answered, and that JWT has ended with all others', async () => {
    const as = await client('admin', { operation: { id: { $enum: ['keys', 'rotate-keys'] } } });
    const bearer = await token(as);
    for (const turn of [0, 1]) expect(await node(turn).statusWith(bearer, '/auth/keys')).to.equal(200);
    const reply = await rotate({ now: true }, { bearer });
    expect(reply.at('outcome')).to.equal('signing');
    expect(await node().statusWith(bearer, '/auth/keys')).to.equal(401);
    expect(await published()).to.eql([reply.at('kid')]);
    pass(2);
    for (const turn of [0, 1]) {
      expect(await node(turn).statusWith(bearer, '/auth/keys')).to.equal(401);
      expect(await published(turn)).to.eql([reply.at('kid')]);
      expect(kidOf(await token(as, '', turn))).to.equal(reply.at('kid'));
    }
  });

  it('another algorithm, so that SIGNING_ALG is changed after it', async () => {
    const as = await client('app');
    const kid = (await rotate({ alg: 'EdDSA' })).string('kid');
    pass(LEAD + 1);
    expect(kidOf(await token(as))).to.not.equal(kid);
    expect((await keys()).map(({ alg, state }) => [alg, state])).to.eql([
      ['ES256', 'signing'],
      ['EdDSA', 'retired'],
    ]);
    for (const each of nodes.splice(0)) await each.stop();
    const next = await startClockedServer({ BASE_URL: ISSUER, SIGNING_ALG: 'EdDSA' }, database);
    next.pass(LEAD + 1);
    nodes.push(apiOf(next, ISSUER));
    expect(kidOf(await token(as))).to.equal(kid);
  });

  it('tells of keys what they are and when, and nothing of what they sign with', async () => {
    const as = await client('app');
    await token(as);
    await rotate();
    const [first, second, ...others] = await keys();
    expect(others).to.eql([]);
    expect(first).to.have.all.keys('kid', 'alg', 'state', 'published_at', 'signs_from', 'needed_until');
    expect(second).to.have.all.keys('kid', 'alg', 'state', 'published_at', 'signs_from');
    expect([first?.state, second?.state]).to.eql(['signing', 'published']);
    for (const { kid, alg, state: _, ...times } of [first, second].flatMap((key) => key ?? [])) {
      expect(kid).to.match(KID);
      expect(alg).to.equal('ES256');
      for (const time of Object.values(times)) expect(time).to.match(INSTANT);
    }
  });

  it('is in the audit: who, from where, which key, at once or not; of none that was made nothing', async () => {
    const as = await client('admin', { operation: { id: 'rotate-keys' } });
    const made = [(await rotate({ now: true }, as)).string('kid'), (await rotate({}, as)).string('kid')];
    expect((await rotate({}, as)).at('outcome')).to.equal('pending');
    expect(refusal(await asked('GET', { as }))).to.equal('403 access_denied');
    let events: Record<string, unknown>[] = [];
    await until('the events', async () => {
      pass(11);
      events = await node().found('/AuditEvent?subtype=key-rotated,denied&altid=Client/admin');
      return events.length >= 3;
    });
    const told = events.map(({ type, subtype, outcome, agent, entity }) => {
      const codes = (subtype as { code: string }[]).map(({ code }) => code);
      return { type: (type as { code: string }).code, codes, outcome, agent, entity };
    });
    const agent = [{ altId: 'Client/admin', requestor: true, network: { address: '127.0.0.1', type: '2' } }];
    const rotation = (kid = '', now = false) => ({
      ...{ type: '110113', codes: ['key-rotated', '110129'], outcome: '0', agent },
      entity: [
        {
          name: 'POST /auth/keys',
          detail: [
            { type: 'kid', valueString: kid },
            { type: 'now', valueString: String(now) },
          ],
        },
      ],
    });
    const denied = { type: '110113', codes: ['denied'], outcome: '4', agent, entity: [{ name: 'GET /auth/keys' }] };
    expect(told).to.have.deep.members([rotation(made[0], true), rotation(made[1]), denied]);
    await node().expectValid('/AuditEvent?subtype=key-rotated');
  });

  it('takes nothing that it would not do: no query, no form, no member that it does not know', async () => {
    const refused: [options: Parameters<Api['request']>[2], path: string, told: string][] = [
      [{}, '/auth/keys?now=true', '400 invalid_request'],
      [{}, '/auth/keys?client_id=root&client_secret=x', '400 invalid_request'],
      [{}, '/auth/keys?access_token=x', '400 invalid_request'],
      [{ json: { now: 'true' } }, '/auth/keys', '400 invalid_request'],
      [{ json: { NOW: true } }, '/auth/keys', '400 invalid_request'],
      [{ json: { alg: 'HS256' } }, '/auth/keys', '400 invalid_request'],
      [{ json: { alg: null } }, '/auth/keys', '400 invalid_request'],
      [{ json: { alg: 'EdDSA', now: true } }, '/auth/keys', '400 invalid_request'],
      [{ json: [true] }, '/auth/keys', '400 invalid_request'],
      [{ form: 'now=true' }, '/auth/keys', '415 invalid_request'],
      [{ body: 'now' }, '/auth/keys', '415 invalid_request'],
      [{ headers: { accept: 'text/csv' } }, '/auth/keys', '406 invalid_request'],
      [{}, '/fhir/auth/keys', '404 invalid_request'],
      [{}, '/auth/keys/rotate', '404 invalid_request'],
    ];
    for (const [options, path, told] of refused) {
      const reply = await asked('POST', { as: asRoot, ...options }, path);
      const error = path.startsWith('/auth') ? refusal(reply) : `${reply.status} invalid_request`;
      expect(error, `${path} ${JSON.stringify(options)} ${reply.text}`).to.equal(told);
      expect(reply.header('cache-control')).to.equal('no-store');
    }
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const reply = await asked(method, { as: asRoot });
      expect([reply.status, reply.header('allow')]).to.eql([405, 'GET, HEAD, POST']);
    }
    const entry = [{ request: { method: 'POST', url: 'auth/keys' }, resource: { resourceType: 'Basic' } }];
    const batch = await asked('POST', { as: asRoot, json: { resourceType: 'Bundle', type: 'batch', entry } }, '/');
    expect(batch.string('entry.0.response.status')).to.match(/^4/);
    expect(await keys()).to.have.length(1);
  });

  it('answers in JSON, or in YAML where that is asked for; no cache keeps it', async () => {
    for (const method of ['GET', 'POST']) {
      const json = await asked(method, { as: asRoot });
      expect(json.header('content-type')).to.equal('application/json; charset=utf-8');
      expect([json.header('cache-control'), json.header('pragma')]).to.eql(['no-store', 'no-cache']);
      for (const [path, headers] of [
        ['/auth/keys', { accept: 'text/yaml' }],
        ['/auth/keys?_format=yaml', {}],
      ] as const) {
        const yaml = await asked(method, { as: asRoot, headers }, path);
        expect(yaml.header('content-type')).to.equal('text/yaml; charset=utf-8');
        expect(yaml.body).to.be.an('object').that.has.any.keys('keys', 'kid');
      }
    }
  });
});
