/** A root secret that is supplied later resets that Client's and no other's, says so, and switches nothing on. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { readConfig } from '../../server/config.ts';
import { openWard } from '../../server/open.ts';
import { freshDatabase, type TestDatabase } from '../harness/database.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { startServer } from '../harness/server.ts';

describe('server: the secret of the root client', () => {
  let database: TestDatabase;
  let server: ClockedServer | undefined;
  let folder: string;
  beforeEach(async () => {
    database = await freshDatabase();
    folder = await mkdtemp(path.join(tmpdir(), 'ward-root-'));
  });
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    await database.drop();
    await rm(folder, { recursive: true });
  });

  /** With one public address, so that tokens are good on the next port too. */
  async function start(env: Record<string, string>): Promise<ClockedServer> {
    await server?.stop();
    server = await startClockedServer({ BASE_URL: 'http://ward.example', ...env }, database);
    return server;
  }
  const status = async (id: string, secret: string) =>
    (await server?.request('GET', '/Patient', { as: { basic: [id, secret] } }))?.status;
  const put = (secret: string, at: string, json: unknown) =>
    server?.request('PUT', at, { as: { basic: ['root', secret] }, json });

  it('set to another value resets it and ends its tokens; the same value does nothing', async () => {
    const first = await start({ ROOT_CLIENT_SECRET: 'first-secret' });
    const as = { basic: ['root', 'first-secret'] } as const;
    const granted = await first.request('POST', '/auth/token', { as, form: 'grant_type=client_credentials' });
    const bearer = granted.string('access_token');

    const same = await start({ ROOT_CLIENT_SECRET: 'first-secret' });
    expect((await same.request('GET', '/Patient', { as: { bearer } })).status).to.equal(200);

    const next = await start({ ROOT_CLIENT_SECRET: 'second-secret' });
    expect([await status('root', 'first-secret'), await status('root', 'second-secret')]).to.deep.equal([401, 200]);
    expect((await next.request('GET', '/Patient', { as: { bearer } })).status).to.equal(401);
  });

  it('a reset is told in the log, the secrets are not', async () => {
    await start({ ROOT_CLIENT_SECRET: 'first-secret' });
    await server?.stop();
    server = undefined;
    const next = await startServer({ database, env: { ROOT_CLIENT_SECRET: 'second-secret' } });
    await next.stop();
    expect(next.output()).to.include('secret of the root client root was reset');
    expect(next.output()).to.not.match(/first-secret|second-secret/);
    const ward = await openWard(readConfig({ DATABASE_URL: database.url, ROOT_CLIENT_SECRET: 'second-secret' }));
    expect(ward.root.outcome).to.equal('unchanged');
    await ward.close();
  });

  it('from a file', async () => {
    const file = path.join(folder, 'secret');
    await writeFile(file, 'secret-of-a-file\n');
    const env = { ROOT_CLIENT_SECRET: '', ROOT_CLIENT_SECRET_FILE: file };
    await start(env);
    expect(await status('root', 'secret-of-a-file')).to.equal(200);
    await writeFile(file, 'another-secret-of-a-file');
    await start(env);
    expect(await status('root', 'another-secret-of-a-file')).to.equal(200);
  });

  it('never reactivates it', async () => {
    await start({ ROOT_CLIENT_SECRET: 'first-secret' });
    const stored = (await server?.request('GET', '/Client/root', { as: { basic: ['root', 'first-secret'] } }))?.body;
    await put('first-secret', '/Client/root', { ...(stored as object), active: false });
    expect(await status('root', 'first-secret')).to.equal(401);
    await start({ ROOT_CLIENT_SECRET: 'second-secret' });
    expect(await status('root', 'second-secret')).to.equal(401);
  });

  it('is of the Client that was made as root: ROOT_CLIENT_ID later names no other', async () => {
    await start({ ROOT_CLIENT_SECRET: 'first-secret' });
    await put('first-secret', '/Client/other', { secret: 'other-secret', grant_types: ['basic'] });
    await start({ ROOT_CLIENT_ID: 'other', ROOT_CLIENT_SECRET: 'second-secret' });
    expect(await status('root', 'second-secret')).to.equal(200);
    expect(await status('other', 'other-secret')).to.equal(403);
    expect(await status('other', 'second-secret')).to.equal(401);
  });

  it('re-used id: a Client under the id of a deleted root is not root', async () => {
    await start({ ROOT_CLIENT_SECRET: 'first-secret' });
    await put('first-secret', '/Client/admin', { secret: 'admin-secret', grant_types: ['basic'] });
    await put('first-secret', '/AccessPolicy/admin', { engine: 'allow', link: [{ reference: 'Client/admin' }] });
    const as = { basic: ['admin', 'admin-secret'] } as const;
    await server?.request('DELETE', '/Client/root', { as });
    await server?.request('PUT', '/Client/root', { as, json: { secret: 'third-secret', grant_types: ['basic'] } });
    await start({ ROOT_CLIENT_SECRET: 'second-secret' });
    expect(await status('root', 'second-secret')).to.equal(401);
    expect(await status('root', 'third-secret')).to.not.equal(401);
  });
});
