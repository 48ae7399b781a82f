/** `npm run import`: bulk in, through the engine or through the server that has the database. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { openDatabase } from '../../server/database/database.ts';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from '../harness/database.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { asRoot } from '../harness/server.ts';
import { type CommandResult, run } from '../server/command.ts';
import { command, programOf, startCommand } from './program.ts';

type Check = (server: ClockedServer) => Promise<void>;

/** Enough that an import of them through a server is stopped midway. */
const MANY = 1000;

describe('commands: import', () => {
  let database: TestDatabase;
  let server: ClockedServer;
  let folder: string;
  before(async () => {
    database = await preparedDatabase();
    server = await startClockedServer({}, database);
  });
  after(async () => {
    await server.stop();
    await database.drop();
  });
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ward-import-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const file = async (name: string, lines: unknown[]): Promise<string> => {
    const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
    await writeFile(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const patients = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ resourceType: 'Patient', id: `p${at}`, name: [{ family: `F${at}` }] }));
  const count = async (query: string, on = server): Promise<unknown> =>
    (await on.request('GET', `/${query}`, { as: asRoot })).at('total');

  /** Has a database that no server has, and then a server on it. */
  async function unserved(env: Record<string, string>, work: (own: TestDatabase) => Promise<void>, check: Check) {
    const own = await freshDatabase();
    await work(own);
    const other = await startClockedServer(env, own);
    await check(other);
    await other.stop();
    await own.drop();
  }

  const MIXED: [line: unknown, reason: RegExp | undefined][] = [
    [{ resourceType: 'Patient', id: 'good', name: [{ family: 'Öst' }] }, undefined],
    ['{"resourceType": "Patient", "id": "broken"', /Invalid JSON/],
    ['[]', /must be a resource/],
    ['', undefined],
    [{ id: 'typeless' }, /no resourceType/],
    [{ resourceType: 'Patient' }, /has no id/],
    [{ resourceType: 'Patient', id: 'a b' }, /An id must have 1 to 64/],
    [{ resourceType: 'Nothing', id: 'x' }, /Nothing is not a resource type/],
    [{ resourceType: 'Parameters', id: 'x' }, /Parameters is not a resource type/],
    [{ resourceType: 'Patient', id: 'bad', gender: 'x', birthDate: 'y' }, /gender.*; Patient\.birthDate/],
    [{ resourceType: 'Session', id: 's', active: true }, /created only by POST/],
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

  async function expectMixed(input: string, { code, output }: CommandResult, on = server): Promise<void> {
    expect(code, output).to.equal(1);
    expect(output).to.match(/12 lines, 10 refused, in /);
    const told = await reasons(input);
    for (const [at, [line, reason]] of MIXED.entries()) {
      if (reason === undefined) expect(told.get(at + 1), String(line)).to.equal(undefined);
      else expect(told.get(at + 1), `line ${at + 1}`).to.match(reason);
    }
    const as = { basic: ['app', 'imported-secret'] } as const;
    expect((await on.request('GET', '/Patient', { as })).status).to.equal(403);
    expect(await count('Patient?name=ost', on)).to.equal(1);
  }

  const mixed = () =>
    file(
      'mixed.ndjson',
      MIXED.map(([line]) => line),
    );

  it('stores what it can, and tells why each other line was refused', async () => {
    const input = await mixed();
    let result: CommandResult = { code: null, output: '' };
    await unserved(
      {},
      async (own) => {
        result = await command('import', [input], own);
      },
      (other) => expectMixed(input, result, other),
    );
    expect((await stat(`${input}.refused.ndjson`)).mode & 0o077).to.equal(0);
  });

  it('goes through a running server, with the same reasons', async () => {
    const input = await mixed();
    const { baseUrl } = server;
    // A SQLite file has one process: the server is found by its public address. PostgreSQL would let this one in.
    const args = DATABASE_KIND === 'sqlite' ? [input] : [input, '--url', baseUrl];
    const result = await command('import', args, database, { BASE_URL: baseUrl });
    expect(result.output).to.include(`into ${baseUrl}`);
    await expectMixed(input, result);
  });

  it('can be stopped and run again: everything is there once, in its first version', async () => {
    const input = await file('many.ndjson', patients(MANY));
    const env = { DATABASE_URL: database.url, ROOT_CLIENT_SECRET: 'root-secret-of-the-tests' };
    const child = startCommand('import', [input, '--url', server.url], env);
    const ended = once(child, 'close');
    const many = 'Patient?family=f&_summary=count';
    while (Number(await count(many)) === 0);
    child.kill('SIGINT');
    expect((await ended)[0]).to.equal(130);
    expect(await count(many)).to.be.within(1, MANY - 1);
    const again = await command('import', [input, '--url', server.url], database);
    expect(again.code, again.output).to.equal(0);
    expect(again.output).to.include(`${MANY} lines, 0 refused`);
    expect(await count(many)).to.equal(MANY);
    const history = await server.request('GET', '/Patient/p0/_history', { as: asRoot });
    expect(history.list('entry')).to.have.length(1);
  });

  it('beside another command that has the file is told which process that is', async function () {
    if (DATABASE_KIND !== 'sqlite') return this.skip();
    const own = await freshDatabase();
    const other = await openDatabase(own.url);
    const input = await file('p.ndjson', patients(1));
    const { code, output } = await command('import', [input], own, { PORT: '9' });
    await other.close();
    await own.drop();
    expect(code, output).to.equal(1);
    expect(output).to.match(new RegExp(`^The import failed: [^\\n]* is in use by process ${process.pid}: [^\\n]+\\n$`));
  });

  it('what is mended is taken the next time, and nothing is refused any more', async () => {
    const input = await file('mend.ndjson', [{ resourceType: 'Patient', id: 'mended', gender: 'x' }]);
    expect((await command('import', [input, '--url', server.url], database)).code).to.equal(1);
    await file('mend.ndjson', [{ resourceType: 'Patient', id: 'mended', gender: 'other' }]);
    const { code, output } = await command('import', [input, '--url', server.url], database);
    expect(code, output).to.equal(0);
    expect(existsSync(`${input}.refused.ndjson`)).to.equal(false);
  });

  it('the last of several lines with one id holds', async () => {
    const name = (at: number) => [{ text: `${at}` }];
    const lines = Array.from({ length: 50 }, (_, at) => ({ resourceType: 'Patient', id: 'one', name: name(at) }));
    const input = await file('one.ndjson', lines);
    await command('import', [input, '--url', server.url], database);
    expect((await server.request('GET', '/Patient/one', { as: asRoot })).at('name.0.text')).to.equal('49');
  });

  it('a root client that it had to make is told of', async () => {
    const input = await file('p.ndjson', patients(1));
    let secret = '';
    await unserved(
      { ROOT_CLIENT_SECRET: '' },
      async (own) => {
        const { output } = await command('import', [input], own, { ROOT_CLIENT_SECRET: '' });
        secret = /^ {2}secret {2}(\S+)$/m.exec(output)?.[1] ?? '';
      },
      async (other) => {
        const as = { basic: ['root', secret] } as const;
        expect((await other.request('GET', '/Patient/p0', { as })).status).to.equal(200);
      },
    );
  });

  it('lines that were refused and cannot be written are told of in a line', async () => {
    const input = await file('wrong.ndjson', ['[]'.padEnd(5000), '[]'.padEnd(5000)]);
    const env = { DATABASE_URL: database.url, ROOT_CLIENT_SECRET: 'root-secret-of-the-tests' };
    // No file may grow beyond four kilobytes.
    const words = [
      '-c',
      'ulimit -f 8; exec "$0" "$@"',
      process.execPath,
      programOf('import'),
      input,
      '--url',
      server.url,
    ];
    const { code, output } = await run('sh', words, env);
    expect(code, output).to.equal(1);
    expect(output).to.match(/^The import failed: cannot write [^\n]*wrong\.ndjson\.refused\.ndjson: [^\n]+\n$/);
  });

  it('a server that closes each connection at once, as a relay to nobody does, is told of in a line', async () => {
    const relay = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(relay, 'listening');
    const url = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`;
    const input = await file('p.ndjson', patients(20));
    const { code, output } = await command('import', [input, '--url', url], database);
    relay.close();
    expect(output).to.match(/^The import failed: http:[^\n]+ does not answer: [^\n]+\n$/);
    expect(code).to.equal(1);
  });

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
    ['bad credentials', (url) => ['package.json', '--url', url], { WARD_TOKEN: 'nonsense' }, /refused the credentials/],
    ['no credentials', (url) => ['package.json', '--url', url], { ROOT_CLIENT_SECRET: '' }, /set WARD_TOKEN to an acc/],
  ];
  it('is refused in a line', async () => {
    const { url } = server;
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
  });
});
