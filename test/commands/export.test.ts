/** `npm run export`: everything as NDJSON, one file a type, secrets never, the same whichever way it is reached. */
import { once } from 'node:events';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { TestDatabase } from '../harness/database.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { asRoot, ROOT } from '../harness/server.ts';
import { command, startCommand } from './program.ts';

/** An event that is noted when the server stops would stand in one of the two exports. */
const QUIET = { AUDIT_RETENTION: '0' };

describe('commands: export', () => {
  let database: TestDatabase;
  let server: ClockedServer;
  let folder: string;
  before(async () => {
    database = await preparedDatabase();
    server = await startClockedServer(QUIET, database);
    folder = await mkdtemp(path.join(tmpdir(), 'ward-export-'));
    // More than a page of an export.
    const entry = Array.from({ length: 1200 }, (_, at) => ({
      resource: { resourceType: 'Patient', birthDate: '1970-01-01' },
      request: { method: 'PUT', url: `Patient/p${at}` },
    }));
    const json = { resourceType: 'Bundle', type: 'transaction', entry };
    expect((await server.request('POST', '/', { as: asRoot, json })).status).to.equal(200);
    const put = async (at: string, json: object) => {
      const reply = await server.request('PUT', at, { as: asRoot, json });
      expect(reply.status, reply.text).to.equal(201);
    };
    await server.request('DELETE', '/Patient/p7', { as: asRoot });
    const observed = '{"status":"final","code":{"text":"x"},"valueQuantity":{"value":2.30}}';
    const headers = { 'content-type': 'application/json' };
    await server.request('PUT', '/Observation/o', { as: asRoot, headers, body: observed });
    await put('/Client/app', { secret: 'never-in-a-file', grant_types: ['client_credentials'] });
    await put('/User/ann', { userName: 'ann', password: 'nor-this-one' });
    const as = { basic: ['app', 'never-in-a-file'] } as const;
    await server.request('POST', '/auth/token', { as, form: 'grant_type=client_credentials' });
  });
  after(async () => {
    await server.stop();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const out = (name: string) => path.join(folder, name);
  const contents = async (name: string): Promise<Record<string, string>> => {
    const names = (await readdir(out(name))).sort();
    const texts = await Promise.all(names.map((each) => readFile(path.join(out(name), each), 'utf8')));
    return Object.fromEntries(names.map((each, at) => [each, texts[at] ?? '']));
  };

  it('through the running server and without it: the same files, each resource on a line', async () => {
    const over = await command('export', [out('over'), '--url', server.url], database);
    expect(over.code, over.output).to.equal(0);
    expect(over.output).to.match(/^\d+ resources, in .*, from http:.* into /);
    await server.stop();
    const direct = await command('export', [out('direct')], database);
    server = await startClockedServer(QUIET, database);
    expect(direct.code, direct.output).to.equal(0);
    const files = await contents('direct');
    expect(await contents('over')).to.eql(files);
    expect(Object.keys(files)).to.eql(
      ['AccessPolicy', 'Client', 'Observation', 'Patient', 'Session', 'User'].map((type) => `${type}.ndjson`),
    );
    const patients = (files['Patient.ndjson'] ?? '').trim().split('\n');
    const ids = patients.map((line) => (JSON.parse(line) as { id: string }).id);
    expect(new Set(ids).size).to.equal(1199);
    expect(ids).not.to.include('p7');
    expect(files['Observation.ndjson']).to.include('"value":2.30');
    expect(Object.values(files).join('')).not.to.match(/never-in-a-file|nor-this-one|argon2/);
  });

  it('some types alone, into a folder that has none of it yet', async () => {
    const { code, output } = await command('export', [out('some'), 'User', '--url', server.url], database);
    expect(code, output).to.equal(0);
    expect(await readdir(out('some'))).to.eql(['User.ndjson']);
    const again = await command('export', [out('some'), '--url', server.url], database);
    expect(again.code).to.equal(1);
    expect(again.output).to.match(/^The export failed: .*some already contains User\.ndjson: name a new folder\n$/);
  });

  it('a folder or a file that cannot be written is named in a line', async () => {
    const blocked = path.join(out('blocked'), 'User.ndjson.partial');
    await mkdir(blocked, { recursive: true });
    const inFile = path.join(out('some'), 'User.ndjson', 'below');
    for (const [folder, place] of [
      [out('blocked'), blocked],
      [inFile, inFile],
    ] as const) {
      const { code, output } = await command('export', [folder, 'User', '--url', server.url], database);
      expect(code, output).to.equal(1);
      expect(output)
        .to.match(/^The export failed: cannot write [^\n]*: E[A-Z]+: [^\n]*\n$/)
        .and.include(`${place}: `);
    }
  });

  it('what was exported is imported into an empty database as it was', async () => {
    await command('export', [out('moved'), 'Patient', 'Observation', '--url', server.url], database);
    const empty = await preparedDatabase();
    const files = ['Patient', 'Observation'].map((type) => path.join(out('moved'), `${type}.ndjson`));
    const { code, output } = await command('import', files, empty);
    expect(code, output).to.equal(0);
    await command('export', [out('back'), 'Patient', 'Observation'], empty);
    await empty.drop();
    const lines = (text: string | undefined) =>
      (text ?? '')
        .trim()
        .split('\n')
        .map((line) => line.replace(/"lastUpdated":"[^"]*"/, ''))
        .sort();
    const [moved, back] = [await contents('moved'), await contents('back')];
    for (const name of Object.keys(moved)) expect(lines(back[name]), name).to.eql(lines(moved[name]));
  });

  it('a server that names a type by a path writes no file outside of the folder', async () => {
    const rest = [{ resource: [{ type: 'Patient' }, { type: '../outside' }] }];
    const entry = [{ resource: { resourceType: 'Patient', id: 'a' } }];
    const hostile = createServer(({ url }, response) => {
      response.end(JSON.stringify(url === '/metadata' ? { rest } : { entry }));
    }).listen(0, '127.0.0.1');
    await once(hostile, 'listening');
    const { port } = hostile.address() as AddressInfo;
    const { code, output } = await command('export', [out('inside'), '--url', `http://127.0.0.1:${port}`], database);
    hostile.close();
    expect(output).to.match(/^The export failed: http:[^\n]* lists a resource type with an invalid name[^\n]*\n$/);
    expect([code, await readdir(out('inside'))]).to.eql([1, []]);
    expect(await readdir(folder)).to.not.include('outside.ndjson');
  });

  it('a file that somebody else has put there, or a link, does not get what is exported', async () => {
    await mkdir(out('shared'));
    const other = out('other.txt');
    await writeFile(other, 'theirs', { mode: 0o644 });
    await symlink(other, path.join(out('shared'), 'Observation.ndjson.partial'));
    await writeFile(path.join(out('shared'), 'User.ndjson.partial'), '', { mode: 0o666 });
    const { code, output } = await command('export', [out('shared'), '--url', server.url], database);
    expect(code, output).to.equal(0);
    expect(await readFile(other, 'utf8')).to.equal('theirs');
    const modes = await Promise.all(
      ['Observation', 'User'].map(async (type) => (await lstat(path.join(out('shared'), `${type}.ndjson`))).mode),
    );
    expect(modes.map((mode) => mode.toString(8))).to.eql(['100600', '100600']);
  });

  it('a server that refuses is quoted without what a terminal would act on', async () => {
    const told = { resourceType: 'OperationOutcome', issue: [{ diagnostics: 'No\u001b[2J\n\u009b1mway' }] };
    const hostile = createServer((_, response) => {
      response.writeHead(400).end(JSON.stringify(told));
    }).listen(0, '127.0.0.1');
    await once(hostile, 'listening');
    const { port } = hostile.address() as AddressInfo;
    const { code, output } = await command('export', [out('told'), '--url', `http://127.0.0.1:${port}`], database);
    hostile.close();
    expect([code, output]).to.eql([1, 'The export failed: No [2J 1mway\n']);
  });

  it('a server that ends in the midst of an answer is told of in a line, and no file looks whole', async () => {
    const rest = [{ resource: [{ type: 'Patient' }] }];
    const ending = createServer(({ url = '' }, response) => {
      if (url === '/metadata') return void response.end(JSON.stringify({ rest }));
      if (url.includes('_cursor')) return void response.write('{"entry":[', () => response.destroy());
      const link = [{ relation: 'next', url: 'http://ward.example/Patient?_cursor=x' }];
      response.end(JSON.stringify({ entry: [{ resource: { resourceType: 'Patient', id: 'a' } }], link }));
    }).listen(0, '127.0.0.1');
    await once(ending, 'listening');
    const { port } = ending.address() as AddressInfo;
    const { code, output } = await command('export', [out('ended'), '--url', `http://127.0.0.1:${port}`], database);
    ending.close();
    expect(output).to.match(/^The export failed: http:[^\n]* does not answer: [^\n]+\n$/);
    expect([code, await readdir(out('ended'))]).to.eql([1, ['Patient.ndjson.partial']]);
  });

  /** A server of one Patient that keeps whoever asks first for it waiting until `answer`, and nobody else. */
  async function slowServer(): Promise<{ url: string; asked: Promise<void>; answer(): void; close(): void }> {
    const rest = [{ resource: [{ type: 'Patient' }] }];
    const page = (id: string) => JSON.stringify({ entry: [{ resource: { resourceType: 'Patient', id } }] });
    let held: ServerResponse | undefined;
    let tell: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const slow = createServer(({ url = '' }, response) => {
      if (url === '/metadata') return void response.end(JSON.stringify({ rest }));
      if (held) return void response.end(page('second'));
      held = response;
      tell();
    }).listen(0, '127.0.0.1');
    await once(slow, 'listening');
    const { port } = slow.address() as AddressInfo;
    return {
      url: `http://127.0.0.1:${port}`,
      asked,
      answer: () => held?.end(page('first')),
      close: () => slow.close(),
    };
  }

  const CUT_OFF =
    /^The export failed: [^\n]*export\.partial exists: another command is running, or one was interrupted; [^\n]+\n$/;

  it('two at once into one folder: the second is refused in a line, and the files are those of the first', async () => {
    const slow = await slowServer();
    const args = [out('both'), '--url', slow.url];
    const first = command('export', args, database);
    await slow.asked;
    const second = await command('export', args, database);
    slow.answer();
    const { code, output } = await first;
    slow.close();
    expect(code, output).to.equal(0);
    expect(second.output).to.match(CUT_OFF);
    expect(await contents('both')).to.eql({ 'Patient.ndjson': '{"resourceType":"Patient","id":"first"}\n' });
  });

  it('one that was killed can be told from a whole one, and is not gone on with', async () => {
    const slow = await slowServer();
    const args = [out('killed'), '--url', slow.url];
    const child = startCommand('export', args, { DATABASE_URL: database.url, ROOT_CLIENT_SECRET: ROOT.secret });
    await slow.asked;
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(await readdir(out('killed'))).to.eql(['export.partial']);
    const again = await command('export', args, database);
    slow.close();
    expect(again.code).to.equal(1);
    expect(again.output).to.match(CUT_OFF);
  });

  it('an unknown type, and no folder, are refused in a line', async () => {
    for (const args of [[], [out('none'), 'Nothing', '--url', server.url]]) {
      const { code, output } = await command('export', args, database);
      expect(code).to.equal(1);
      expect(output).to.match(/^The export failed: (name a folder|there is no resource type Nothing)[^\n]*\n$/);
    }
  });
});
