/** One JSON line a request, without anything that could be used to ask another. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { asRoot, ROOT, startServer, type TestServer } from '../harness/server.ts';
import { until } from './poll.ts';
import { openRaw, postHead } from './raw.ts';

interface Line {
  level: number;
  request?: string;
  method?: string;
  path?: string;
  status?: number;
  address?: string;
  principal?: string;
  milliseconds?: number;
}

const lines = (output: string): Line[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);

describe('server: log', () => {
  let server: TestServer;
  /** What must not be in any line, and where it was used. */
  const credentials: Record<string, string> = { 'the secret of root': ROOT.secret };

  before(async () => {
    server = await startServer({ env: { LOG_LEVEL: 'trace' } });
    const app = { secret: 'secret-of-app-5Fq', grant_types: ['basic', 'client_credentials', 'password'] };
    const refresh = { refresh_token: true, secret_required: false };
    const auth = { client_credentials: { token_format: 'jwt', refresh_token: true }, password: refresh };
    await ask('PUT', '/Client/app', { json: { ...app, auth } });
    await ask('PUT', '/User/ann', { json: { password: 'password-of-ann-8Kd' } });
    await ask('PUT', '/AccessPolicy/app', { json: { engine: 'allow', link: [{ reference: 'Client/app' }] } });
    credentials['a secret'] = app.secret;
    credentials['a password'] = 'password-of-ann-8Kd';
    await grants();
    await leaks();
    await ask('GET', '/health', { headers: { 'x-request-id': 'the-last-one' } });
    await until('the last line', () => server.output().includes('"request":"the-last-one"'));
  });
  after(() => server.stop());

  const ask: TestServer['request'] = (method, path, options) =>
    server.request(method, path, { as: asRoot, ...options });

  /** Every way to a token, and each use of one. */
  async function grants(): Promise<void> {
    const basic = { basic: ['app', 'secret-of-app-5Fq'] } as const;
    const granted = await server.request('POST', '/auth/token', { as: basic, form: 'grant_type=client_credentials' });
    credentials['an access token'] = granted.string('access_token');
    credentials['a refresh token'] = granted.string('refresh_token');
    const login = { grant_type: 'password', client_id: 'app', username: 'ann', password: 'password-of-ann-8Kd' };
    const opaque = await server.request('POST', '/auth/token', { form: login });
    expect(opaque.status, opaque.text).to.equal(200);
    credentials['an opaque token'] = opaque.string('access_token');
    credentials['an opaque refresh token'] = opaque.string('refresh_token');
    const again = { grant_type: 'refresh_token', client_id: 'app', refresh_token: opaque.string('refresh_token') };
    credentials['a rotated token'] = (await server.request('POST', '/auth/token', { form: again })).string(
      'access_token',
    );
    await server.request('GET', '/Patient', { as: { bearer: granted.string('access_token') } });
    await server.request('GET', '/auth/userinfo', { as: { bearer: granted.string('access_token') } });
    for (const endpoint of ['introspect', 'revoke']) {
      await server.request('POST', `/auth/${endpoint}`, { as: basic, form: { token: opaque.string('access_token') } });
    }
  }

  /** Credentials in the places where they should not be. */
  async function leaks(): Promise<void> {
    const stray = 'stray-credential-3Wn';
    credentials['a stray credential'] = stray;
    const form = (name: string) => ({ form: `grant_type=password&username=ann&password=${stray}&${name}=${stray}` });
    await server.request('POST', `/auth/token?client_id=app&client_secret=${stray}`, form('client_secret'));
    await server.request('GET', `/Patient?access_token=${stray}&name=x`);
    await server.request('GET', `/Patient?_id=1&token=${stray}`, { as: asRoot });
    await server.request('GET', '/Patient', { as: { bearer: stray } });
    await server.request('GET', '/Patient', { as: { basic: ['app', stray] } });
    await server.request('GET', '/Patient', { headers: { cookie: `session=${stray}`, authorization: stray } });
    await server.request('GET', '/Patient', {
      headers: { 'x-request-id': `${stray} `.repeat(3), 'user-agent': stray },
    });
    await ask('PUT', '/Client/app2', { json: { secret: stray, name: 1 } });
    await ask('PUT', '/User/root', { json: { password: stray } });
    await ask('PUT', '/Client/app3', { body: `{"secret":"${stray}`, headers: { 'content-type': 'application/json' } });
  }

  it('is JSON, a line a request', () => {
    const all = lines(server.output());
    const requests = all.filter(({ method }) => method !== undefined);
    expect(requests.length).to.be.above(20);
    const last = requests.filter(({ request }) => request === 'the-last-one');
    expect(last).to.have.length(1);
    expect(last[0]).to.include({ method: 'GET', path: '/health', status: 200, address: '127.0.0.1' });
    expect(last[0]?.milliseconds).to.be.a('number');
    expect(new Set(requests.map(({ request }) => request)).size).to.equal(requests.length);
  });

  it('tells who asked, where that is known', () => {
    const asked = lines(server.output()).filter(({ path }) => path === '/Client/app');
    expect(asked.map(({ principal }) => principal)).to.deep.equal(['Client/root']);
    const refused = lines(server.output()).filter(({ path, status }) => path === '/Patient' && status === 401);
    expect(refused.length).to.be.above(2);
  });

  it('has the path, and no query', () => {
    expect(lines(server.output()).filter(({ path }) => path?.includes('?'))).to.deep.equal([]);
  });

  it('RFC 9700 §4.9.3: tokens in logs, secrets, cookies, credentials of a query: none is in any line', () => {
    const output = server.output();
    expect(Object.keys(credentials)).to.have.length(9);
    for (const [name, credential] of Object.entries(credentials)) {
      expect(credential.length).to.be.above(8);
      for (const form of [
        credential,
        Buffer.from(credential).toString('base64').slice(0, 20),
        encodeURIComponent(credential),
      ]) {
        expect(output.includes(form), name).to.equal(false);
      }
      for (const part of credential.split('.'))
        if (part.length > 40) expect(output.includes(part), name).to.equal(false);
    }
    expect(output).to.not.match(/\$argon2|Basic [A-Za-z0-9+/=]{8}|Bearer [\w-]{8}|BEGIN [A-Z ]*PRIVATE/);
  });

  it('a caller who leaves before the end is a line like any other, not a stack on stderr', async () => {
    const raw = await openRaw(server.port);
    raw.send(
      postHead('/Patient', ['Content-Type: application/json', 'Content-Length: 100', 'X-Request-Id: left-early']),
    );
    raw.send('{"active"');
    await ask('GET', '/health');
    raw.socket.destroy();
    await until('the line', () => server.output().includes('"request":"left-early"'));
    await ask('GET', '/health', { headers: { 'x-request-id': 'after-it-left' } });
    await until('the next line', () => server.output().includes('"request":"after-it-left"'));
    expect(server.output()).to.not.match(/^ +at |^ *\w*Error/m);
  });

  it('a path cannot break a line', async () => {
    const before = lines(server.output()).length;
    await ask('GET', '/Patient/%0a%7b%22level%22%3a30%7d');
    await ask('GET', '/health', { headers: { 'x-request-id': 'after-the-break' } });
    await until('the line', () => server.output().includes('after-the-break'));
    expect(lines(server.output())).to.have.length(before + 2);
  });
});

describe('server: what is logged of too much', () => {
  it('is a warning, since nothing is broken', async () => {
    const server = await startServer({ env: { LOG_LEVEL: 'warn' } });
    const guesses = Array.from({ length: 70 }, (_, at) => ({
      as: { basic: [`guess-${at}`, 'x'] as [string, string] },
      form: 'grant_type=client_credentials',
    }));
    const replies = await Promise.all(guesses.map((guess) => server.request('POST', '/auth/token', guess)));
    const crowded = replies.filter(({ status }) => status === 503).length;
    expect(crowded).to.be.above(0);
    await until('a line of each', () => lines(server.output()).length >= crowded);
    expect(new Set(lines(server.output()).map(({ level }) => level))).to.eql(new Set([40]));
    await server.stop();
  });
});

describe('server: LOG_LEVEL', () => {
  it('silent hides requests, and PORT=0 tells the port', async () => {
    const server = await startServer({ env: { LOG_LEVEL: 'silent' } });
    await server.request('GET', '/health');
    const { port, baseUrl } = server;
    expect(await server.stop()).to.equal(0);
    expect(server.output()).to.include(`Listening on ${baseUrl} (port ${port})`);
    expect(lines(server.output())).to.deep.equal([]);
  });
});
