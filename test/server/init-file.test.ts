/** INIT_FILE: applied in one transaction before listening, an entry again only when the file says something else. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { dump } from 'js-yaml';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { Failure } from '../../resources/errors.ts';
import { readConfig } from '../../server/config.ts';
import { openWard } from '../../server/open.ts';
import { freshDatabase, type TestDatabase } from '../harness/database.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { spawnServer } from '../harness/process.ts';
import { asRoot, ROOT } from '../harness/server.ts';

const CLIENT = { resourceType: 'Client', id: 'app', name: 'App', secret: 'app-secret-9Tz', grant_types: ['basic'] };
const POLICY = { resourceType: 'AccessPolicy', id: 'app', engine: 'allow', link: [{ reference: 'Client/app' }] };
const put = (resource: { resourceType: string; id: string }) => {
  return { resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } };
};
const bundle = (...entry: unknown[]) => ({ resourceType: 'Bundle', type: 'transaction', entry });

describe('server: INIT_FILE', () => {
  let database: TestDatabase | undefined;
  /** What no start that is refused may leave anything in. */
  let refusing: TestDatabase;
  before(async () => {
    refusing = await freshDatabase();
  });
  after(() => refusing.drop());
  let folder: string;
  let server: ClockedServer | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ward-init-'));
  });
  afterEach(async () => {
    await server?.stop();
    await database?.drop();
    [server, database] = [undefined, undefined];
    await rm(folder, { recursive: true });
  });

  async function file(name: string, text: string): Promise<string> {
    await writeFile(path.join(folder, name), text);
    return path.join(folder, name);
  }
  async function start(INIT_FILE: string): Promise<ClockedServer> {
    await server?.stop();
    database ??= await freshDatabase();
    server = await startClockedServer({ INIT_FILE }, database);
    return server;
  }
  const read = async (at: string) => (await server?.request('GET', at, { as: asRoot }))?.body;
  const tag = async (at: string) => (await server?.request('GET', at, { as: asRoot }))?.header('etag');

  for (const [name, text] of [
    ['a Bundle in JSON, init.json', JSON.stringify(bundle(put(CLIENT), put(POLICY)))],
    ['a Bundle in YAML, init.yaml', dump(bundle(put(CLIENT), put(POLICY)))],
    ['a list in YAML, init.yml', dump([CLIENT, POLICY])],
    ['a list in JSON, list.json', JSON.stringify([CLIENT, POLICY])],
  ] as const) {
    it(`${name} is applied before the first request, once`, async () => {
      const init = await file(name.split(' ').at(-1) ?? '', text);
      const first = await start(init);
      const as = { basic: ['app', CLIENT.secret] } as const;
      expect((await first.request('GET', '/Patient', { as })).status).to.equal(200);
      expect(await read('/Client/app'))
        .to.include({ name: 'App' })
        .and.to.not.have.property('secret');
      await start(init);
      expect([await tag('/Client/app'), await tag('/AccessPolicy/app')]).to.deep.equal(['W/"1"', 'W/"1"']);
    });
  }

  it("an admin's later change survives a restart, a deletion too; a changed entry is applied again", async () => {
    await start(await file('init.yaml', dump([CLIENT, POLICY])));
    const json = { ...CLIENT, name: 'Changed by an admin', secret: 'of-the-admin' };
    await server?.request('PUT', '/Client/app', { as: asRoot, json });
    await server?.request('DELETE', '/AccessPolicy/app', { as: asRoot });

    await start(await file('init.yaml', dump([CLIENT, POLICY])));
    expect(await read('/Client/app')).to.include({ name: 'Changed by an admin' });
    const status = async (secret: string) =>
      (await server?.request('GET', '/Patient', { as: { basic: ['app', secret] } }))?.status;
    expect([await status('of-the-admin'), await status(CLIENT.secret)]).to.deep.equal([403, 401]);

    await start(await file('init.yaml', dump([{ ...CLIENT, name: 'From the file' }, POLICY])));
    expect(await read('/Client/app')).to.include({ name: 'From the file' });
    expect([await status('of-the-admin'), await status(CLIENT.secret)]).to.deep.equal([401, 403]);
    expect((await server?.request('GET', '/AccessPolicy/app', { as: asRoot }))?.status).to.equal(410);
  });

  it('may change the root client of the same start', async () => {
    const root = { resourceType: 'Client', id: 'root', name: 'Ours', secret: ROOT.secret, grant_types: ['basic'] };
    await start(await file('init.yaml', dump([root])));
    expect(await read('/Client/root')).to.include({ name: 'Ours' });
  });

  it('what it holds is not stored a second time where it could be read', async () => {
    await start(await file('init.yaml', dump([CLIENT])));
    expect(JSON.stringify(await read('/Client/app/_history'))).to.not.include(CLIENT.secret);
  });

  const GOOD = { resourceType: 'Patient', id: 'good' };
  const REFUSED: [name: string, text: string, file: string, message: RegExp][] = [
    ['a Session', dump([GOOD, { resourceType: 'Session', id: 's' }]), 'a.yaml', /item 2: Sessions/],
    [
      'a POST',
      JSON.stringify(bundle(put(GOOD), { ...put(GOOD), request: { method: 'POST', url: 'Patient' } })),
      'b.json',
      /entry 2: request\.method must be PUT/,
    ],
    [
      'a DELETE',
      dump(bundle({ request: { method: 'DELETE', url: 'Patient/x' } })),
      'c.yaml',
      /entry 1: request\.method must be PUT/,
    ],
    [
      'a conditional PUT',
      dump(bundle({ ...put(GOOD), request: { method: 'PUT', url: 'Patient?name=x' } })),
      'd.yaml',
      /entry 1: request\.url/,
    ],
    [
      'an invalid resource',
      dump([GOOD, { resourceType: 'Patient', id: 'bad', gender: 'x' }]),
      'e.yaml',
      /item 2 \(Patient\/bad\): Patient\.gender/,
    ],
    [
      'a bad policy',
      dump([GOOD, { resourceType: 'AccessPolicy', id: 'bad', engine: 'none' }]),
      'f.yaml',
      /item 2 \(AccessPolicy\/bad\)/,
    ],
    ['an unknown type', dump([GOOD, { resourceType: 'Nothing', id: 'x' }]), 'g.yaml', /item 2 \(Nothing\/x\)/],
    [
      'no id',
      dump([GOOD, { resourceType: 'Patient' }]),
      'h.yaml',
      /item 2: must be a resource with resourceType and id/,
    ],
    ['an id of dots', dump([GOOD, { resourceType: 'Patient', id: '..' }]), 'i.yaml', /item 2.*id/],
    [
      'a name that is taken',
      dump([GOOD, { resourceType: 'User', id: 'u', userName: 'ROOT' }]),
      'j.yaml',
      /item 2 \(User\/u\): User\.userName/,
    ],
    ['one resource twice', dump([GOOD, { ...GOOD }]), 'k.yaml', /item 2: Patient\/good appears twice/],
    ['broken YAML', 'a: [', 'l.yaml', /INIT_FILE: .*line 1/],
    ['broken JSON', '[{]', 'm.json', /INIT_FILE: .*line 1/],
    ['neither a list nor a Bundle', dump(GOOD), 'n.yaml', /INIT_FILE must be/],
    ['bytes that are no text', '', 'o.yaml', /UTF-8/],
  ];
  for (const [name, text, at, message] of REFUSED) {
    it(`${name} refuses the start with a message that names the place`, async () => {
      const init = await file(at, text);
      if (text === '') await writeFile(init, Buffer.from([0x2d, 0x20, 0xff, 0xfe]));
      const problem = await openWard(readConfig({ DATABASE_URL: refusing.url, INIT_FILE: init })).then(
        () => 'none',
        (error: unknown) => error,
      );
      expect(problem).to.be.instanceOf(Failure);
      expect((problem as Failure).message)
        .to.match(/^INIT_FILE[^\n]*$/)
        .and.to.match(message);
    });
  }

  it('after all of these the database is empty: the root client too is made by the next start', async () => {
    const ward = await openWard(readConfig({ DATABASE_URL: refusing.url }));
    expect(ward.root.outcome).to.equal('created');
    expect(await ward.engine.find('Patient', 'good')).to.equal(undefined);
    await ward.close();
  });

  it('a refused start tells the message in one line, and no secret; the next one greets', async () => {
    database = await freshDatabase();
    const env = { PORT: '0', DATABASE_URL: database.url, LOG_LEVEL: 'silent' };
    const broken = await file('init.yaml', dump([{ ...CLIENT, name: 1 }]));
    const refused = spawnServer({ ...env, INIT_FILE: broken });
    expect(await refused.ended).to.equal(1);
    expect(refused.output()).to.match(
      /^Ward did not start: INIT_FILE, item 1 \(Client\/app\): Client\.name: [^\n]+\n$/,
    );
    const next = await start(await file('init.yaml', dump([CLIENT])));
    expect(next.welcome).to.include('The database was empty').and.to.not.include(CLIENT.secret);
  });
});
