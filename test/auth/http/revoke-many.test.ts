/** Ending many Sessions: by `POST /Session/$revoke`, and where a secret changes. */
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { DATABASE_KIND, type TestDatabase } from '../../harness/database.ts';
import type { Identity, RequestOptions } from '../../harness/http.ts';
import { startClockedServer } from '../../harness/in-process.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { asRoot } from '../../harness/server.ts';
import { until } from '../../server/poll.ts';
import { type Api, apiOf } from './api.ts';
import { type Browser, browserOf, CHALLENGE, codeIn, VERIFIER } from './browser.ts';

const SECRET = 'app-secret';
const asApp = { basic: ['app', SECRET] } as const;
const asMachine = { basic: ['machine', SECRET] } as const;
const PASSWORD = 'correct-horse';
const ISSUER = 'http://ward.example';
const CALLBACK = 'https://portal.example/callback';
const QUERY = {
  response_type: 'code',
  client_id: 'portal',
  redirect_uri: CALLBACK,
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};

describe('auth: POST /Session/$revoke', () => {
  let database: TestDatabase;
  let api: Omit<Api, 'issuer'>;
  const start = async () =>
    apiOf(await startClockedServer({ SIGNING_ALG: 'ES256', BASE_URL: ISSUER }, database), ISSUER);
  before(async () => {
    database = await preparedDatabase();
    api = await start();
    const auth = { password: { refresh_token: true } };
    await api.put('/Client/app', { secret: SECRET, grant_types: ['password'], auth });
    await api.put('/Client/machine', { secret: SECRET, grant_types: ['client_credentials', 'basic'] });
    const portal = { authorization_code: { redirect_uris: [CALLBACK] } };
    await api.put('/Client/portal', { grant_types: ['authorization_code'], first_party: true, auth: portal });
    for (const id of ['ann', 'bob']) await api.put(`/User/${id}`, { password: PASSWORD });
    await api.put('/AccessPolicy/patients', { engine: 'matcho', matcho: { operation: { id: 'Patient.search' } } });
  });
  after(async () => {
    await api.stop();
    await database.drop();
  });
  beforeEach(async () => {
    await api.request('DELETE', '/AccessPolicy/tried', { as: asRoot });
  });

  const login = (username: string) =>
    api.granted({ grant_type: 'password', username, password: PASSWORD }, { as: asApp });
  const tokenOf = async (username: string) => (await login(username)).string('access_token');
  const machine = async () =>
    (await api.granted('grant_type=client_credentials', { as: asMachine })).string('access_token');
  const revoke = (query: string, as: Identity = asRoot, options: RequestOptions = {}) =>
    api.request('POST', `/Session/$revoke${query}`, { as, ...options });
  const count = async (query: string, as?: Identity, options?: RequestOptions) => {
    const reply = await revoke(query, as, options);
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.at('resourceType')).to.equal('Parameters');
    return reply.at('parameter.0.valueInteger');
  };
  const statuses = (tokens: string[]) => Promise.all(tokens.map((token) => api.statusWith(token)));
  const permit = (policy: object) => api.put('/AccessPolicy/tried', policy);
  const own = (interaction: string[], link = 'User/ann') => ({
    engine: 'criteria',
    link: [{ reference: link }],
    resource: 'Session',
    interaction,
    criteria: 'user=User/{{user.id}}',
  });

  it('ends all Sessions of a user, and no other; their tokens are nothing from then on', async () => {
    const [one, other] = [await login('ann'), await login('ann')];
    const [bob, server] = [await tokenOf('bob'), await machine()];
    const tokens = [one, other].map((reply) => reply.string('access_token'));
    expect(await statuses([...tokens, bob, server])).to.eql([200, 200, 200, 200]);
    expect(await count('?user=User/ann')).to.equal(2);
    expect(await statuses([...tokens, bob, server])).to.eql([401, 401, 200, 200]);
    const form = { grant_type: 'refresh_token', refresh_token: one.string('refresh_token') };
    expect((await api.token(form, { as: asApp })).at('error')).to.equal('invalid_grant');
    const ended = await api.found('/Session?user=User/ann');
    expect(ended.map(({ active, end }) => [active, typeof end])).to.eql(Array(ended.length).fill([false, 'string']));
    expect(await count('?user=User/ann'), 'again').to.equal(0);
  });

  describe('signs out', () => {
    beforeEach(() => count('?active=true'));

    const signedIn = async (username: string) => {
      const browser = browserOf(api);
      return { browser, code: codeIn(await browser.authorize(QUERY, username)) };
    };
    const isSignedIn = async (browser: Browser) => (await browser.open(QUERY)).status === 303;
    const exchange = (code: string) => {
      const form = { grant_type: 'authorization_code', client_id: 'portal', redirect_uri: CALLBACK, code };
      return api.token({ ...form, code_verifier: VERIFIER });
    };

    it('a browser login and an unused code do not outlive the Sessions of their User', async () => {
      const [ann, bob] = [await signedIn('ann'), await signedIn('bob')];
      await tokenOf('ann');
      expect(await count('?client=Client/app&user:User=ann')).to.equal(1);
      expect([await isSignedIn(ann.browser), await isSignedIn(bob.browser)]).to.eql([false, true]);
      expect((await exchange(ann.code)).at('error')).to.equal('invalid_grant');
      expect((await exchange(bob.code)).status).to.equal(200);
    });

    it('a User without any Session, where the expression names it', async () => {
      for (const user of ['User/ann', 'ann', `${ISSUER}/User/ann`, `${ISSUER}/fhir/User/ann`, 'User/x,User/ann']) {
        const { browser, code } = await signedIn('ann');
        expect(await count(`?user=${user}`)).to.equal(0);
        expect(await isSignedIn(browser), user).to.equal(false);
        expect((await exchange(code)).at('error')).to.equal('invalid_grant');
      }
    });

    it('the User of a Session that was found by something else, and except=current keeps no login', async () => {
      const { browser } = await signedIn('ann');
      const [here] = [await tokenOf('ann'), await tokenOf('ann')];
      await permit(own(['search', 'update']));
      expect(await count('?client=Client/app&except=current', { bearer: here })).to.equal(1);
      expect(await isSignedIn(browser)).to.equal(false);
      expect(await api.statusWith(here)).to.equal(200);
    });

    it('nobody whom its caller may not: naming somebody is not enough', async () => {
      const { browser, code } = await signedIn('bob');
      const token = await tokenOf('ann');
      await permit(own(['search', 'update']));
      expect(await count('?user=User/bob', { bearer: token })).to.equal(0);
      for (const [all, some] of [
        ['update', 'search'],
        ['search', 'update'],
      ] as const) {
        const matcho = { operation: { id: `Session.${all}` } };
        await permit({ engine: 'matcho', matcho, link: [{ reference: 'User/ann' }] });
        await api.put('/AccessPolicy/own-ones', own([some]));
        expect(await count('?user=User/bob', { bearer: token })).to.equal(0);
        await api.remove('/AccessPolicy/own-ones');
      }
      expect(await isSignedIn(browser)).to.equal(true);
      expect((await exchange(code)).status).to.equal(200);
    });

    it('nobody but whose Sessions its caller may end, whatever else bounds what it asks for', async () => {
      const { browser } = await signedIn('bob');
      const token = await tokenOf('ann');
      const updates = async (params: object) => {
        const matcho = {
          '$one-of': [{ operation: { id: 'Session.search' } }, { operation: { id: 'Session.update' }, params }],
        };
        await permit({ engine: 'matcho', matcho, link: [{ reference: 'User/ann' }] });
      };
      for (const [params, query, remains] of [
        [{ user: 'User/ann' }, '?user=User/ann&user:User=bob', true],
        [{ client: 'Client/app' }, '?client=Client/app&user=User/bob', true],
        [{ user: 'User/bob' }, '?user=User/bob', false],
      ] as const) {
        await updates(params);
        await count(query, { bearer: token });
        expect(await isSignedIn(browser), query).to.equal(remains);
      }
    });

    it('whoever is named by itself', async () => {
      const { browser } = await signedIn('ann');
      const token = await tokenOf('ann');
      await permit(own(['search', 'update']));
      expect(await count('?user=User/ann&except=current', { bearer: token })).to.equal(0);
      expect(await isSignedIn(browser)).to.equal(false);
    });

    it('during consent: no code comes of a login that has ended', async () => {
      const { browser } = await signedIn('ann');
      const page = await browser.open({ ...QUERY, prompt: 'consent' });
      await count('?user=User/ann');
      expect((await browser.send(page, { answer: 'allow' })).text).to.include('name="password"');
    });
  });

  it('ends all of a client, by a form as by a query', async () => {
    const tokens = [await machine(), await machine(), await tokenOf('bob')];
    const form = 'client=Client/machine&active=true';
    expect(await count('', asRoot, { form })).to.be.at.least(2);
    expect(await statuses(tokens)).to.eql([401, 401, 200]);
  });

  it('ends more than a job holds', async () => {
    const tokens = await Promise.all(Array.from({ length: 60 }, machine));
    expect(await count('?client=machine')).to.equal(60);
    expect(new Set(await statuses(tokens))).to.eql(new Set([401]));
  });

  it('needs a criterion, and lenient handling passes over none', async () => {
    const token = await tokenOf('bob');
    const lenient = { headers: { prefer: 'handling=lenient' } };
    expect((await revoke('')).status).to.equal(412);
    expect((await revoke('?_count=5')).status).to.equal(412);
    expect((await revoke('?except=current', { bearer: token })).status).to.equal(403);
    await permit({ engine: 'allow', link: [{ reference: 'User/bob' }] });
    expect((await revoke('?except=current', { bearer: token })).status).to.equal(412);
    expect((await revoke('?usr=User/bob&active=true', asRoot, lenient)).status).to.equal(400);
    expect((await revoke('?user=User/bob&except=mine', { bearer: token })).status).to.equal(400);
    expect((await revoke('?user=User/bob&except=current')).status, 'no Session of its own').to.equal(400);
    expect((await revoke('', asRoot, { json: { user: 'User/bob' } })).status).to.equal(415);
    expect(await api.statusWith(token)).to.equal(200);
  });

  it("lets a user end the other Sessions of their own where a policy does, and nobody else's", async () => {
    const [here, there, bob] = [await tokenOf('ann'), await tokenOf('ann'), await tokenOf('bob')];
    await permit(own(['search', 'update']));
    expect(await count('?client=Client/app&except=current', { bearer: here })).to.equal(1);
    expect(await statuses([here, there, bob])).to.eql([200, 401, 200]);
    expect(await count('?user=User/bob', { bearer: here })).to.equal(0);
    expect(await count('?active=true', { bearer: here })).to.equal(1);
    expect(await statuses([here, bob])).to.eql([401, 200]);
  });

  it('of what its caller finds, what it may not update stays', async () => {
    const [ann, bob] = [await tokenOf('ann'), await tokenOf('bob')];
    await permit(own(['update']));
    const matcho = { operation: { id: 'Session.search' } };
    await api.put('/AccessPolicy/finds-all', { engine: 'matcho', matcho, link: [{ reference: 'User/ann' }] });
    expect(await count('?active=true', { bearer: ann })).to.be.at.least(1);
    expect(await statuses([ann, bob])).to.eql([401, 200]);
    await api.remove('/AccessPolicy/finds-all');
  });

  it('needs both to find Sessions and to update them', async () => {
    const token = await tokenOf('ann');
    expect((await api.request('POST', '/Session/$revoke?user=User/ann')).status).to.equal(401);
    expect((await revoke('?user=User/ann', { bearer: token })).status).to.equal(403);
    for (const interaction of ['search', 'update']) {
      await permit(own([interaction]));
      expect((await revoke('?user=User/ann', { bearer: token })).status, interaction).to.equal(403);
    }
    expect(await api.statusWith(token)).to.equal(200);
  });

  it('a policy by address or method does not let a caller revoke what it may not update', async () => {
    const token = await tokenOf('ann');
    for (const matcho of [
      { 'request-method': 'post' },
      { uri: '/Session/[$]revoke' },
      { operation: { id: 'Session.search' } },
      { operation: { id: 'Session.update' }, params: { 'resource/id': '.*' } },
    ]) {
      await permit({ engine: 'matcho', matcho, link: [{ reference: 'User/ann' }] });
      expect((await revoke('?user=User/bob', { bearer: token })).status, JSON.stringify(matcho)).to.equal(403);
    }
  });

  it('what has ended must be among the rows, too: else nothing ends', async () => {
    const [token, other] = [await tokenOf('ann'), await tokenOf('ann')];
    await permit({ ...own(['search', 'update']), criteria: 'user=User/{{user.id}}&active=true' });
    expect((await revoke('?user=User/ann', { bearer: token })).status).to.equal(403);
    expect(await statuses([token, other])).to.eql([200, 200]);
  });

  it('is no part of a Bundle', async () => {
    const token = await tokenOf('bob');
    const entry = [{ request: { method: 'POST', url: 'Session/$revoke?user=User/bob' } }];
    const json = { resourceType: 'Bundle', type: 'transaction', entry };
    expect((await api.request('POST', '/', { as: asRoot, json })).status).to.equal(422);
    expect(await api.statusWith(token)).to.equal(200);
  });

  it('holds on every node at once', async () => {
    if (DATABASE_KIND !== 'postgres') return;
    const other = await start();
    const token = await tokenOf('ann');
    expect(await other.statusWith(token)).to.equal(200);
    expect(await count('?user=User/ann')).to.be.at.least(1);
    expect(await other.statusWith(token)).to.equal(401);
    await other.stop();
  });

  it('a new secret ends all Sessions of its Client at once, however many', async () => {
    const tokens = await Promise.all(Array.from({ length: 60 }, machine));
    const next = { basic: ['machine', 'another-secret'] } as const;
    await api.put('/Client/machine', { secret: next.basic[1], grant_types: ['client_credentials'] });
    const later = (await api.granted('grant_type=client_credentials', { as: next })).string('access_token');
    expect(new Set(await statuses(tokens))).to.eql(new Set([401]));
    expect(await api.statusWith(later)).to.equal(200);
    // The resources of those beyond the first job follow.
    api.pass(6);
    const active = () => api.found('/Session?client=Client/machine&active=true&_count=1000');
    await until('they have ended', async () => (await active()).length === 1);
    expect(await api.statusWith(later), 'the Session that began after').to.equal(200);
    // Of those that follow, the audit tells no less.
    const told = () => api.found('/AuditEvent?subtype=client-credential-changed&altid=Client/root&_count=1000');
    const isTold = async () => {
      api.pass(11);
      return (await told()).length >= tokens.length;
    };
    await until('they are told', isTold);
  });
});
