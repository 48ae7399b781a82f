import { expect } from 'chai';
import { describe, it } from 'mocha';
import { serverEntry } from '../harness/build.ts';
import { DATABASE_KIND, freshDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { run } from '../server/command.ts';

const TIME = '\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z';

describe('npm run keys', () => {
  it('lists, makes the key that signs next, and ends all others at once', async function () {
    this.timeout(30_000);
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
    expect((await keys('rotate')).output).to.include(`The key ${second} is published already`);
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
    if (DATABASE_KIND === 'sqlite') {
      const refused = await keys('rotate');
      expect(refused.code).to.equal(1);
      expect(refused.output).to.match(/^keys failed: \S+ is in use by [^\n]*Stop that one first[^\n]*\n$/);
    }
    await server.stop();
    await database.drop();
  });
});
