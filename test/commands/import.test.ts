/** `npm run import`: bulk in, through the engine or through the server that has the database. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from '../harness/database.ts';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';
import { command, startCommand } from './program.ts';

describe('commands: import', () => {
  let database: TestDatabase;
  let folder: string;
  let server: TestServer | undefined;
  beforeEach(async () => {
    database = await freshDatabase();
    folder = await mkdtemp(path.join(tmpdir(), 'ward-import-'));
  });
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const file = async (name: string, lines: unknown[]): Promise<string> => {
    const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
    await writeFile(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const patients = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ resourceType: 'Patient', id: `p${at}`, name: [{ family: `F${at}` }] }));
  const start = async (): Promise<TestServer> => {
    server = await startServer({ database });
    return server;
  };
  const count = async (query: string): Promise<unknown> =>
    (await server?.request('GET', `/${query}`, { as: asRoot }))?.at('total');

  const MIXED: [line: unknown, reason: RegExp | undefined][] = [
    [{ resourceType: 'Patient', id: 'good', name: [{ family: 'Öst' }] }, undefined],
    ['{"resourceType": "Patient", "id": "broken"', /Invalid JSON/],
    ['[]', /must be a resource/],
    ['', undefined],
    [{ id: 'typeless' }, /no resourceType/],
    [{ resourceType: 'Patient' }, /has no id/],
    [{ resourceType: 'Patient', id: 'a b' }, /An id has 1 to 64/],
    [{ resourceType: 'Nothing', id: 'x' }, /Nothing is not a resource type/],
    [{ resourceType: 'Parameters', id: 'x' }, /Parameters is not a resource type/],
    [{ resourceType: 'Patient', id: 'bad', gender: 'x', birthDate: 'y' }, /gender.*; Patient\.birthDate/],
    [{ resourceType: 'Session', id: 's', active: true }, /made by the token endpoint/],
    [`{"resourceType":"Patient","id":"long","name":[{"family":"${'x'.repeat(1 << 20)}"}]}`, /longer than 1048576/],
    [{ resourceType: 'Client', id: 'app', secret: 'imported-secret', grant_types: ['basic'] }, undefined],
  ];

  /** The reasons of the lines that were refused, by their numbers. */
  async function reasons(input: string): Promise<Map<number, string>> {
    const text = await readFile(`${input}.refused.ndjson`, 'utf8');
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { line: number; reason: string });
    return new Map(lines.map(({ line, reason }) => [line, reason]));
  }

  async function expectMixed(input: string, { code, output }: { code: number | null; output: string }): Promise<void> {
    expect(code, output).to.equal(1);
    expect(output).to.match(/12 lines, 10 refused, in /);
    const told = await reasons(input);
    for (const [at, [line, reason]] of MIXED.entries()) {
      if (reason === undefined) expect(told.get(at + 1), String(line)).to.equal(undefined);
      else expect(told.get(at + 1), `line ${at + 1}`).to.match(reason);
    }
    const as = { basic: ['app', 'imported-secret'] } as const;
    expect((await server?.request('GET', '/Patient', { as }))?.status).to.equal(403);
    expect(await count('Patient?name=ost')).to.equal(1);
  }

  it('stores what it can, and tells why each other line was refused', async () => {
    const input = await file(
      'mixed.ndjson',
      MIXED.map(([line]) => line),
    );
    const result = await command('import', [input], database);
    await start();
    await expectMixed(input, result);
    expect((await stat(`${input}.refused.ndjson`)).mode & 0o077).to.equal(0);
  }).timeout(30_000);

  it('goes through a running server, with the same reasons', async () => {
    const input = await file(
      'mixed.ndjson',
      MIXED.map(([line]) => line),
    );
    const { baseUrl } = await start();
    // A SQLite file has one process: the server is found by its public address. PostgreSQL would let this one in.
    const args = DATABASE_KIND === 'sqlite' ? [input] : [input, '--url', baseUrl];
    const result = await command('import', args, database, { BASE_URL: baseUrl });
    expect(result.output).to.include(`into ${baseUrl}`);
    await expectMixed(input, result);
  }).timeout(30_000);

  it('can be stopped and run again: everything is there once, in its first version', async () => {
    const input = await file('many.ndjson', patients(3000));
    const { url } = await start();
    const env = { DATABASE_URL: database.url, ROOT_CLIENT_SECRET: 'root-secret-of-the-tests' };
    const child = startCommand('import', [input, '--url', url], env);
    const ended = once(child, 'close');
    while (Number(await count('Patient?_summary=count')) === 0);
    child.kill('SIGINT');
    expect((await ended)[0]).to.equal(130);
    const stored = Number(await count('Patient?_summary=count'));
    expect(stored).to.be.within(1, 2999);
    const again = await command('import', [input, '--url', url], database);
    expect(again.code, again.output).to.equal(0);
    expect(again.output).to.match(/3000 lines, 0 refused/);
    expect(await count('Patient?_summary=count')).to.equal(3000);
    const history = await server?.request('GET', '/Patient/p0/_history', { as: asRoot });
    expect(history?.list('entry')).to.have.length(1);
  }).timeout(60_000);

  it('what is mended is taken the next time, and nothing is refused any more', async () => {
    const input = await file('mend.ndjson', [{ resourceType: 'Patient', id: 'p', gender: 'x' }]);
    expect((await command('import', [input], database)).code).to.equal(1);
    await file('mend.ndjson', [{ resourceType: 'Patient', id: 'p', gender: 'other' }]);
    const { code, output } = await command('import', [input], database);
    expect(code, output).to.equal(0);
    expect(existsSync(`${input}.refused.ndjson`)).to.equal(false);
  }).timeout(30_000);

  it('the last of several lines with one id holds', async () => {
    const lines = Array.from({ length: 50 }, (_, at) => ({
      resourceType: 'Patient',
      id: 'p',
      name: [{ text: `${at}` }],
    }));
    const input = await file('one.ndjson', lines);
    const { url } = await start();
    await command('import', [input, '--url', url], database);
    expect((await server?.request('GET', '/Patient/p', { as: asRoot }))?.at('name.0.text')).to.equal('49');
  }).timeout(30_000);

  it('a root client that it had to make is told of', async () => {
    const input = await file('p.ndjson', patients(1));
    const { output } = await command('import', [input], database, { ROOT_CLIENT_SECRET: '' });
    const [, secret = ''] = /^ {2}secret {2}(\S+)$/m.exec(output) ?? [];
    server = await startServer({ database, env: { ROOT_CLIENT_SECRET: '' } });
    const as = { basic: ['root', secret] } as const;
    expect((await server.request('GET', '/Patient/p0', { as })).status).to.equal(200);
  }).timeout(30_000);

  const REFUSED: [why: string, args: (url: string) => string[], env: Record<string, string>, message: RegExp][] = [
    ['no file', () => [], {}, /name the files/],
    ['a file that is not there', () => ['none.ndjson'], {}, /there is no file none\.ndjson/],
    ['an unknown option', () => ['x', '--fast'], {}, /Unknown option '--fast'/],
    [
      'a server that does not answer',
      () => ['package.json', '--url', 'http://127.0.0.1:9'],
      {},
      /:9 does not answer: /,
    ],
    ['bad credentials', (url) => ['package.json', '--url', url], { WARD_TOKEN: 'nonsense' }, /refuses the credentials/],
    ['no credentials', (url) => ['package.json', '--url', url], { ROOT_CLIENT_SECRET: '' }, /set WARD_TOKEN to an acc/],
  ];
  it('is refused in a line', async () => {
    const { url } = await start();
    // Its one line must be a resource, or nothing would be asked.
    const input = await file('p.ndjson', patients(1));
    for (const [why, args, env, message] of REFUSED) {
      const given = args(url).map((arg) => (arg === 'package.json' ? input : arg));
      const { code, output } = await command('import', given, database, env);
      expect(code, why).to.equal(1);
      expect(output, why)
        .to.match(message)
        .and.match(/^The import failed: [^\n]+\n$/);
    }
  }).timeout(30_000);
});
