import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, apiOf } from '../auth/http/api.ts';
import { serverEntry } from '../harness/build.ts';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { run } from '../server/command.ts';
import { command } from './program.ts';

const TIME = '\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z';

describe('npm run keys', () => {
  it('lists, makes the key that signs next, and ends all others at once', async () => {
    serverEntry();
    const database = await freshDatabase();
    const env = { DATABASE_URL: database.url, ROOT_CLIENT_SECRET: 'root-secret-of-the-test', SIGNING_ALG: 'ES256' };
    const keys = async (...words: string[]) => {
      const { code, output } = await run(process.execPath, ['dist/commands/keys.js', ...words], env);
      expect(output).to.not.match(/"d"|sealed|root-secret/);
      return { code, output };
    };
    const kidIn = (output: string) => /key:? ([\w-]{43}) /.exec(output)?.[1] ?? '';
    expect((await keys('rotate', 'now')).output).to.match(/^keys failed: [^\n]*keys -- rotate --now[^\n]*\n$/);
    const first = kidIn((await keys('rotate')).output);
    const second = kidIn((await keys('rotate')).output);
    expect((await keys('rotate')).output).to.include(`The key ${second} was published before`);
    const { output } = await keys();
    expect(output.match(/^[\w-]{43} {2}/gm)).to.have.length(2);
    const times = `published ${TIME}, signs from ${TIME}`;
    expect(output).to.match(new RegExp(`^${first} {2}ES256 {2}signing {2}${times}$`, 'm'));
    expect(output).to.match(new RegExp(`^${second} {2}ES256 {2}published {2}${times}$`, 'm'));
    const now = await keys('rotate', '--now');
    expect([now.code, now.output]).to.eql([0, now.output]);
    expect(now.output).to.match(/Every JWT that they signed[^\n]* is refused from now on/);
    const server = await startClockedServer(env, database);
    const published = await server.request('GET', '/.well-known/jwks.json');
    expect(published.list('keys')).to.have.length(1);
    expect(published.at('keys.0.kid')).to.equal(kidIn(now.output));
    await server.stop();
    await database.drop();
  });

  describe('npm run keys: beside a running server', () => {
    let database: TestDatabase;
    let api: Api;
    before(async () => {
      serverEntry();
      database = await preparedDatabase();
      const server = await startClockedServer({ SIGNING_ALG: 'ES256' }, database);
      api = apiOf(server, server.baseUrl);
    });
    after(async () => {
      await api.stop();
      await database.drop();
    });

    /** PostgreSQL would let the command in: there it is given the address. */
    const keys = (words: string[], env: Record<string, string> = {}) => {
      const args = DATABASE_KIND === 'sqlite' ? words : [...words, '--url', api.url];
      return command('keys', args, database, { BASE_URL: api.baseUrl, ...env });
    };
    const done = async (words: string[], env: Record<string, string> = {}): Promise<string> => {
      const { code, output } = await keys(words, env);
      expect(code, output).to.equal(0);
      return output;
    };
    const published = async () => {
      const reply = await api.request('GET', '/.well-known/jwks.json');
      return reply.list('keys').map((key) => (key as { kid: string; alg: string }).alg);
    };

    it('lists and rotates by the settings of the server, which has the new key at once', async () => {
      expect(await done([])).to.match(new RegExp(`^[\\w-]{43} {2}ES256 {2}signing {2}published ${TIME}, [^\\n]*\\n$`));
      expect(await done(['rotate'])).to.match(new RegExp(`is published\\. It signs from ${TIME};`));
      expect(await done(['rotate'])).to.include('was published before; no other was created');
      expect(await published()).to.eql(['ES256', 'ES256']);
      expect(await done([], { SIGNING_ALG: 'EdDSA' })).to.match(/ES256 {2}signing .*\n.*ES256 {2}published /);
    });

    it('rotates by the algorithm that its own settings name', async () => {
      await done(['rotate', '--url', api.url], { SIGNING_ALG: 'EdDSA' });
      expect(await published()).to.have.members(['ES256', 'ES256', 'EdDSA']);
    });

    it('by a token, which may be one that ends by it; without a policy it is told so in a line', async () => {
      const auth = { client_credentials: { token_format: 'jwt' } };
      await api.put('/Client/admin', { secret: 'admin-secret', grant_types: ['client_credentials'], auth });
      const grant = { grant_type: 'client_credentials', client_id: 'admin', client_secret: 'admin-secret' };
      const env = { ROOT_CLIENT_SECRET: '', WARD_TOKEN: (await api.granted(grant)).string('access_token') };
      const refused = await keys(['rotate', '--now'], env);
      expect([refused.code, refused.output]).to.eql([1, 'keys failed: This request is not permitted.\n']);
      const link = [{ reference: 'Client/admin' }, { resourceType: 'Operation', id: 'rotate-keys' }];
      await api.put('/AccessPolicy/admin', { engine: 'allow', link });
      expect(await done(['rotate', '--now'], env)).to.include('signs from now on; all other keys are deleted');
      expect(await published()).to.eql(['ES256']);
      const { code, output } = await keys([], env);
      expect([code, output]).to.eql([
        1,
        'keys failed: The server refused the credentials: check WARD_TOKEN or ROOT_CLIENT_SECRET\n',
      ]);
    });

    it('with nothing to show, it says what to do', async () => {
      const { code, output } = await keys(['rotate'], { ROOT_CLIENT_SECRET: '' });
      expect(code).to.equal(1);
      expect(output).to.match(
        /^keys failed: Calling the running server needs credentials: [^\n]*or stop the server\.\n$/,
      );
    });
  });
});
