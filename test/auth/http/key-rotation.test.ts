/** Signing keys from their publication to their end, on one node that is started again or on two at once. */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { rotateSigningKey } from '../../../auth/keys/signing-keys.ts';
import { readConfig } from '../../../server/config.ts';
import { openWard } from '../../../server/open.ts';
import { DATABASE_KIND, type TestDatabase } from '../../harness/database.ts';
import { startClockedServer } from '../../harness/in-process.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { asRoot } from '../../harness/server.ts';
import { type Api, apiOf } from './api.ts';

const ISSUER = 'http://ward.example';
const ENV = { SIGNING_ALG: 'ES256', BASE_URL: ISSUER };
const HOUR = 3600;
const DAY = 24 * HOUR;
/** Seconds: twice the max-age of jwks.json. */
const LEAD = 600;

describe('signing keys', () => {
  let database: TestDatabase;
  let nodes: Api[];
  let ahead: number;

  const start = async (env = {}) => {
    const api = apiOf(await startClockedServer({ ...ENV, ...env }, database), ISSUER);
    api.pass(ahead);
    nodes.push(api);
    return api;
  };
  const stop = async () => {
    for (const node of nodes.splice(0)) await node.stop();
  };
  const pass = (seconds: number) => {
    ahead += seconds;
    for (const node of nodes) node.pass(seconds);
  };
  /** Two nodes take turns where there can be two. */
  const node = (turn = 0): Api => {
    const found = nodes[turn % nodes.length];
    if (!found) throw new Error('no node is started');
    return found;
  };
  /** As the command does: beside the nodes, or where a file has one process, between its stop and its next start. */
  const rotate = async (atOnce = false, alg: 'ES256' | 'EdDSA' = 'ES256') => {
    const alone = DATABASE_KIND === 'sqlite';
    if (alone) await stop();
    const clock = () => Date.now() + ahead * 1000;
    const ward = await openWard(readConfig({ DATABASE_URL: database.url }), { ports: { clock, random: randomBytes } });
    const rotation = await rotateSigningKey({ ...ward, alg }, atOnce);
    await ward.close();
    if (alone) await start();
    return rotation;
  };
  const login = (turn = 0, client = 'app') =>
    node(turn).granted({ grant_type: 'password', client_id: client, username: 'ann', password: 'correct-horse' });
  const kidOf = (token: string) => decodeProtectedHeader(token).kid ?? '';
  const published = async (turn = 0) => {
    const reply = await node(turn).request('GET', '/.well-known/jwks.json');
    return reply.list('keys').map((key) => String((key as { kid: string }).kid));
  };

  beforeEach(async () => {
    [ahead, nodes, database] = [0, [], await preparedDatabase()];
    await start();
    if (DATABASE_KIND === 'postgres') await start();
    const jwt = { password: { token_format: 'jwt', refresh_token: true, refresh_token_expiration: 10 * DAY } };
    await node().put('/Client/app', { grant_types: ['password'], auth: jwt });
    await node().put('/Client/keeps', { secret: 'app-secret', grant_types: ['password'], auth: jwt });
    await node().put('/User/ann', { password: 'correct-horse' });
    await node().put('/AccessPolicy/all', { engine: 'allow', link: [{ reference: 'User/ann' }] });
  });
  afterEach(async () => {
    await stop();
    await database.drop();
  });

  it('nodes that share a database sign with one key', async () => {
    const kids = [await login(0), await login(1)].map((reply) => kidOf(reply.string('access_token')));
    expect(new Set(kids).size).to.equal(1);
    expect(await published(0)).to.eql(kids.slice(0, 1));
    expect(await published(1)).to.eql(kids.slice(0, 1));
  });

  it('a new key is published before it signs, for longer than jwks.json may be kept', async () => {
    const old = kidOf((await login()).string('access_token'));
    const { outcome, kid, signsFrom } = await rotate();
    expect(outcome).to.equal('published');
    pass(2);
    const reply = await node(1).request('GET', '/.well-known/jwks.json');
    const [, maxAge = ''] = /max-age=(\d+)/.exec(reply.header('cache-control')) ?? [];
    expect(signsFrom - node().now()).to.be.greaterThan(Number(maxAge) * 1000 + 60_000);
    for (const turn of [0, 1]) expect(await published(turn)).to.have.members([old, kid]);
    pass(LEAD - 60);
    expect(kidOf((await login(1)).string('access_token'))).to.equal(old);
    expect((await rotate()).outcome, 'again').to.equal('pending');
    pass(61);
    for (const turn of [0, 1]) expect(kidOf((await login(turn)).string('access_token'))).to.equal(kid);
    expect(await published()).to.have.members([old, kid]);
  });

  it('a key stays until the last token that it signed has ended, and no longer', async () => {
    const first = await login();
    const old = kidOf(first.string('access_token'));
    const { kid } = await rotate();
    pass(LEAD + 1);
    expect(await node(1).statusWith(first.string('access_token'))).to.equal(200);
    pass(10 * DAY - LEAD - HOUR);
    const form = { grant_type: 'refresh_token', client_id: 'app', refresh_token: first.string('refresh_token') };
    const refreshed = await node(1).granted(form);
    expect([refreshed.string('access_token'), refreshed.string('refresh_token')].map(kidOf)).to.eql([kid, kid]);
    expect(await published(1)).to.have.members([old, kid]);
    pass(3 * DAY);
    for (const turn of [0, 1]) expect(await published(turn)).to.eql([kid]);
    await stop();
    await start();
    expect(await published(), 'of the table').to.eql([kid]);
  });

  it('a refresh token that a retired key signed, and that slides, keeps that key', async () => {
    const credentials = { client_id: 'keeps', client_secret: 'app-secret' };
    const login = { grant_type: 'password', username: 'ann', password: 'correct-horse', ...credentials };
    const token = (await node().granted(login)).string('refresh_token');
    const { kid } = await rotate();
    for (let turn = 0; turn < 3; turn += 1) {
      pass(9 * DAY);
      const refreshed = await node(turn).granted({ grant_type: 'refresh_token', refresh_token: token, ...credentials });
      expect(refreshed.string('refresh_token')).to.equal(token);
      expect(kidOf(refreshed.string('access_token'))).to.equal(kid);
      expect(await published(turn)).to.have.members([kidOf(token), kid]);
    }
    pass(12 * DAY);
    expect(await published()).to.eql([kid]);
  });

  it('a key that others may have: --now ends it with every JWT that it signed, verified before or not', async () => {
    const first = await login();
    for (const turn of [0, 1]) expect(await node(turn).statusWith(first.string('access_token'))).to.equal(200);
    const { outcome, kid } = await rotate(true);
    expect(outcome).to.equal('signing');
    pass(2);
    for (const turn of [0, 1]) {
      expect(await published(turn)).to.eql([kid]);
      expect(await node(turn).statusWith(first.string('access_token')), `node ${turn}`).to.equal(401);
      const form = { grant_type: 'refresh_token', client_id: 'app', refresh_token: first.string('refresh_token') };
      expect((await node(turn).token(form)).at('error')).to.equal('invalid_grant');
      expect(kidOf((await login(turn)).string('access_token'))).to.equal(kid);
    }
    expect((await node().request('GET', '/User/ann', { as: asRoot })).status).to.equal(200);
    // As the docs say: a Session does not tell by which key its tokens are signed.
    const session = `/Session/${decodeJwt(first.string('access_token')).jti}`;
    expect((await node().request('GET', session, { as: asRoot })).at('active')).to.equal(true);
  });

  it('a clock that is set back does not keep a key that was ended', async () => {
    const first = await login();
    for (const turn of [0, 1]) expect(await node(turn).statusWith(first.string('access_token'))).to.equal(200);
    node(1).pass(-10 * 60);
    await rotate(true);
    pass(2);
    for (const turn of [0, 1]) {
      expect(await node(turn).statusWith(first.string('access_token')), `node ${turn}`).to.equal(401);
    }
  });

  it('SIGNING_ALG changed after a rotation with it: the key was published before', async () => {
    const before = await login();
    const { kid } = await rotate(false, 'EdDSA');
    pass(LEAD + 1);
    expect(kidOf((await login()).string('access_token')), 'still').to.equal(kidOf(before.string('access_token')));
    await stop();
    await start({ SIGNING_ALG: 'EdDSA' });
    expect(kidOf((await login()).string('access_token'))).to.equal(kid);
    expect(await node().statusWith(before.string('access_token'))).to.equal(200);
  });
});
