/** The server's own keys as the database has them: encrypted where KEY_ENCRYPTION_SECRET is set. */
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { openDatabase } from '../../../server/database/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { startClockedServer } from '../../harness/in-process.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { asRoot } from '../../harness/server.ts';
import { type Api, apiOf } from './api.ts';

const ISSUER = 'http://ward.example';
const ENV = { SIGNING_ALG: 'ES256', BASE_URL: ISSUER };
const SECRET = 'a-secret-of-the-operator';
const OTHER = 'another-secret-of-the-operator';

describe('the keys in the database', () => {
  let database: TestDatabase;
  let api: Api | undefined;
  let issued: string[];

  const start = async (env: Record<string, string>) => {
    const server = await startClockedServer({ ...ENV, ...env }, database);
    api = apiOf(server, ISSUER);
    return api;
  };
  const stop = async () => {
    await api?.stop();
    api = undefined;
  };
  /** Starts with these settings, tries the tokens of earlier starts, issues one more, and stops. */
  const serve = async (env: Record<string, string>) => {
    const started = await start(env);
    for (const token of issued) expect(await started.statusWith(token, '/auth/userinfo')).to.equal(200);
    await started.put('/Client/app', {
      secret: 'app-secret',
      grant_types: ['client_credentials'],
      auth: { client_credentials: { token_format: 'jwt' } },
    });
    const form = { grant_type: 'client_credentials', client_id: 'app', client_secret: 'app-secret' };
    issued.push((await started.granted(form)).string('access_token'));
    await stop();
  };
  /** Every stored key, whatever it signs or derives. */
  const stored = async (): Promise<string[]> => {
    const opened = await openDatabase(database.url);
    const keys = await opened.queries.all<{ text: string }>('SELECT jwk AS text FROM signing_key');
    const sql = "SELECT value AS text FROM server_key WHERE name LIKE 'secret:%'";
    const others = await opened.queries.all<{ text: string }>(sql);
    await opened.close();
    expect([keys.length, others.length]).to.eql([1, 2]);
    return [...keys, ...others].map(({ text }) => text);
  };
  /** Puts each of two signing keys in the row of the other. */
  const exchangeKeys = async () => {
    const opened = await openDatabase(database.url);
    const [one, other] = await opened.queries.all<{ kid: string; jwk: string }>('SELECT kid, jwk FROM signing_key');
    const writer = await opened.openWriter();
    const sql = 'UPDATE signing_key SET jwk = ? WHERE kid = ?';
    await writer.run(sql, [one?.jwk ?? '', other?.kid ?? '']);
    await writer.run(sql, [other?.jwk ?? '', one?.kid ?? '']);
    await writer.close();
    await opened.close();
  };
  const refusedStart = async (env: Record<string, string>) => {
    const error = await start(env).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(Error);
    return error as Error;
  };
  const sealed = (texts: string[]) => texts.every((text) => /^sealed\.v1(\.[\w-]+){4}$/.test(text));

  beforeEach(async () => {
    [database, issued] = [await preparedDatabase(), []];
  });
  afterEach(async () => {
    await stop();
    await database.drop();
  });

  it('a private key read from the database: none is there as it is', async () => {
    await serve({ KEY_ENCRYPTION_SECRET: SECRET });
    const texts = await stored();
    expect(sealed(texts)).to.equal(true);
    for (const text of texts) {
      const bytes = text.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
      for (const part of [text, ...bytes]) expect(part).to.not.match(/"d"|kty|ES256/);
    }
    expect((await refusedStart({ KEY_ENCRYPTION_SECRET: OTHER })).name, 'with another secret').to.equal('SealError');
    await serve({ KEY_ENCRYPTION_SECRET: SECRET });
    expect(await stored(), 'as they were').to.eql(texts);
  });

  it('a row put in the place of another is none of ours: no key passes for a later one', async () => {
    const started = await start({ KEY_ENCRYPTION_SECRET: SECRET });
    expect((await started.request('POST', '/auth/keys', { as: asRoot })).at('outcome')).to.equal('published');
    await stop();
    await exchangeKeys();
    expect((await refusedStart({ KEY_ENCRYPTION_SECRET: SECRET })).name).to.equal('SealError');
    await exchangeKeys();
    await serve({ KEY_ENCRYPTION_SECRET: SECRET });
  });

  it('keys of before are encrypted by the first start with a secret, and sign and verify as they did', async () => {
    await serve({});
    expect((await stored())[0]).to.match(/"d":/);
    await serve({ KEY_ENCRYPTION_SECRET: SECRET });
    expect(sealed(await stored())).to.equal(true);
    await serve({ KEY_ENCRYPTION_SECRET: SECRET });
  });

  it('the secret is changed with the previous one beside it, and left off the same way', async () => {
    await serve({ KEY_ENCRYPTION_SECRET: SECRET });
    const before = await stored();
    await serve({ KEY_ENCRYPTION_SECRET: OTHER, KEY_ENCRYPTION_SECRET_PREVIOUS: SECRET });
    const after = await stored();
    expect(sealed(after)).to.equal(true);
    expect(after).to.not.have.any.members(before);
    await serve({ KEY_ENCRYPTION_SECRET: OTHER });
    await serve({ KEY_ENCRYPTION_SECRET_PREVIOUS: OTHER });
    expect((await stored())[0]).to.match(/"d":/);
    await serve({});
  });

  it('a start without the secret, or with another, is refused in a line and changes nothing', async () => {
    await serve({ KEY_ENCRYPTION_SECRET: SECRET });
    const before = await stored();
    for (const env of [
      {},
      { KEY_ENCRYPTION_SECRET: OTHER },
      { KEY_ENCRYPTION_SECRET_PREVIOUS: OTHER },
      { KEY_ENCRYPTION_SECRET: OTHER, KEY_ENCRYPTION_SECRET_PREVIOUS: `${SECRET}.` },
    ]) {
      const { name, message } = await refusedStart(env);
      expect(name).to.equal('SealError');
      expect(message).to.match(/^[^\n]*KEY_ENCRYPTION_SECRET[^\n]*$/);
      for (const secret of [SECRET, OTHER]) expect(message).to.not.include(secret);
    }
    expect(await stored()).to.eql(before);
    await serve({ KEY_ENCRYPTION_SECRET: SECRET });
  });
});
