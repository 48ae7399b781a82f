/** The Dockerfile, followed step by step in a folder: what it copies is enough to serve and to run every command. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { serverEntry } from '../harness/build.ts';
import { freshDatabase, type TestDatabase } from '../harness/database.ts';
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

  it('migrates, seeds and resets the secret by the commands of the README', async () => {
    const expected = { migrate: /^Migrated: /, seed: /^Seeded: \d{3,} made/m, 'reset-root': /has a new secret: / };
    for (const [name, told] of Object.entries(expected)) {
      const { code, output } = await run('npm', ['run', '--silent', '--prefix', image, name], {
        DATABASE_URL: database.url,
      });
      expect(code, output).to.equal(0);
      expect(output).to.match(told);
    }
  }).timeout(30_000);
});
