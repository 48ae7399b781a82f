/** The Dockerfile, followed step by step in a folder: what it copies is enough to serve and to run every command. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { serverEntry } from '../harness/build.ts';
import { freshDatabase, type TestDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { run } from './command.ts';

const DOCKERFILE = readFileSync('Dockerfile', 'utf8');
const [BUILD = '', IMAGE = ''] = DOCKERFILE.split(/^(?=FROM )/m).slice(1);
const copies = (stage: string) => [...stage.matchAll(/^COPY (?:--from=build )?(.+) (\S+)$/gm)];

describe('server: the image', () => {
  let database: TestDatabase;
  let image: string;
  before(async () => {
    database = await freshDatabase();
    image = mkdtempSync(path.join(tmpdir(), 'ward-image-'));
    serverEntry();
    // The modules are linked, compiler and all: what shows that it is not called is that there is nothing to compile.
    for (const [, from = '', to = ''] of copies(IMAGE)) {
      const source = path.resolve(from.replace(/^\/app\//, ''));
      const target = path.resolve(image, to, to.endsWith('/') ? path.basename(source) : '');
      mkdirSync(path.dirname(target), { recursive: true });
      if (target.endsWith('node_modules')) symlinkSync(source, target);
      else cpSync(source, target, { recursive: true });
    }
    const set = /npm pkg set \S+/.exec(BUILD)?.[0] ?? '';
    await run('bash', ['-c', `cd ${image} && ${set}`], {});
  });
  after(async () => {
    await database.drop();
    rmSync(image, { recursive: true });
  });

  it('compiles every folder that the build names', () => {
    const { include } = JSON.parse(readFileSync('tsconfig.build.json', 'utf8')) as { include: string[] };
    const copied = copies(BUILD).flatMap(([, from = '']) => from.split(' '));
    expect(copied).to.include.members([...include, 'tsconfig.json', 'tsconfig.build.json']);
  });

  it('holds what runs and its data alone', () => {
    expect(readdirSync(image).sort()).to.eql(['dist', 'node_modules', 'package.json', 'resources', 'seeds']);
  });

  it('seeds, and resets the secret of root, by the commands of the README', async () => {
    const npm = async (name: string) => {
      const env = { DATABASE_URL: database.url };
      const { code, output } = await run('npm', ['run', '--silent', '--prefix', image, name], env);
      expect(code, output).to.equal(0);
      return output;
    };
    const first = /^ {2}secret +(\S+)$/m.exec(await npm('seed'))?.[1] ?? '';
    const second = /has a new secret: (\S+)$/m.exec(await npm('reset-root'))?.[1] ?? '';
    const server = await startClockedServer({ ROOT_CLIENT_SECRET: '' }, database);
    for (const [secret, status] of [
      [first, 401],
      [second, 200],
    ] as const) {
      expect(secret).to.match(/^[\w-]{32}$/);
      expect((await server.request('GET', '/Client', { as: { basic: ['root', secret] } })).status).to.equal(status);
    }
    await server.stop();
  });

  it('has the compiled file of every command', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const compiled = Object.values(scripts).flatMap(
      (script) => /^npm run --silent build && node (\S+)$/.exec(script)?.[1] ?? [],
    );
    expect(compiled.length).to.be.at.least(3);
    expect(compiled.filter((file) => !existsSync(path.join(image, file)))).to.eql([]);
  });
});
