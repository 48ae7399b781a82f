/** Nodes that were given different KEY_ENCRYPTION_SECRETs, as where one was started anew with another alone. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { DATABASE_KIND, type TestDatabase } from '../../harness/database.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { asRoot, startServer, type TestServer } from '../../harness/server.ts';
import { until } from '../../server/poll.ts';

const [SECRET, OTHER] = ['a-secret-of-the-operator', 'another-secret-of-the-operator'];

if (DATABASE_KIND === 'postgres') {
  describe('a node that cannot open the signing key', () => {
    let database: TestDatabase;
    let nodes: TestServer[];
    before(async () => {
      [database, nodes] = [await preparedDatabase(), []];
    });
    after(async () => {
      for (const node of nodes) await node.stop();
      await database.drop();
    });

    const start = async (env: Record<string, string>): Promise<TestServer> => {
      const node = await startServer({ env: { BASE_URL: 'http://ward.example', LOG_LEVEL: 'warn', ...env }, database });
      nodes.push(node);
      return node;
    };
    const ask = ({ request }: TestServer) =>
      request('POST', '/auth/token', { form: 'grant_type=client_credentials', as: { basic: ['app', 'app-secret'] } });
    const storedKids = async ({ request }: TestServer) => {
      const keys = (await request('GET', '/auth/keys', { as: asRoot })).list('keys');
      return keys.map((key) => (key as { kid: string }).kid);
    };

    it('answers 503 and makes no key; the log says why, and of the key once', async () => {
      const behind = await start({ KEY_ENCRYPTION_SECRET: SECRET });
      const auth = { client_credentials: { token_format: 'jwt' } };
      const json = { secret: 'app-secret', grant_types: ['client_credentials'], auth };
      expect((await behind.request('PUT', '/Client/app', { as: asRoot, json })).status).to.equal(201);
      expect((await ask(behind)).status).to.equal(200);

      const ahead = await start({ KEY_ENCRYPTION_SECRET: OTHER, KEY_ENCRYPTION_SECRET_PREVIOUS: SECRET });
      const rotated = await ahead.request('POST', '/auth/keys', { as: asRoot, json: { now: true } });
      const kid = rotated.string('kid');
      await until('the key of before has ended', async () => (await ask(behind)).status !== 200);
      for (let at = 0; at < 3; at += 1) {
        const refused = await ask(behind);
        expect(refused.status, refused.text).to.equal(503);
        expect(refused.at('error')).to.equal('temporarily_unavailable');
        expect(refused.string('error_description')).to.include('cannot decrypt the signing key');
        expect(refused.header('retry-after')).to.equal('1');
        // Longer than what was read of the keys is taken for.
        await new Promise((resolve) => setTimeout(resolve, 1_100));
      }
      expect(behind.output().split(`The signing key ${kid} cannot be used`)).to.have.length(2);
      expect(behind.output()).to.include('Set the same KEY_ENCRYPTION_SECRET for all processes.');
      expect(behind.output()).to.not.include(SECRET);
      expect((await ask(ahead)).status).to.equal(200);
      expect(await storedKids(ahead)).to.eql([kid]);
    });
  });
}
