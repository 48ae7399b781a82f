/** The README does what it says: its commands run, its table is that of the code, its links lead somewhere. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { renderSettings } from '../server/config.ts';
import { needsCurl } from './harness/curl.ts';
import { startServer, type TestServer } from './harness/server.ts';
import { NPM_BLOCKS, README, SHELL_BLOCKS } from './readme.ts';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
/** A failed request ends the script, which plain curl would not do. */
const STRICT = 'set -euo pipefail\ncurl() { command curl --silent --show-error --fail-with-body "$@"; echo; }\n';

describe('README', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server.stop());

  it('runs from its first command to its last, in one shell', function () {
    needsCurl(this);
    const script = SHELL_BLOCKS.join('\n')
      .replaceAll('http://localhost:8081', server.url)
      .replaceAll('the-secret-it-printed', server.root.secret);
    const { status, stdout, stderr } = spawnSync('bash', ['-c', STRICT + script], { encoding: 'utf8' });
    expect(status, `${stdout}\n${stderr}`).to.equal(0);
    expect(stdout)
      .to.match(/"total":\s*1/)
      .and.to.include('Pérez')
      .and.to.include('refresh_token');
    // What its transaction links by the name of another entry leads to what that entry made.
    expect(stdout)
      .to.match(/"reference":\s*"Patient\//)
      .and.to.not.match(/"reference":\s*"urn:uuid:/);
  });

  it('names npm commands that exist', () => {
    const named = [...README.matchAll(/npm (?:run )?([a-z][\w:-]*)/g)].map((match) => match[1] ?? '');
    const unknown = named.filter((name) => !['install', 'ci'].includes(name) && !(name in scripts));
    expect(named).to.include.members(['start', 'test', 'seed', 'reset-root']);
    expect(unknown).to.eql([]);
  });

  it('starts and tests with one line each', () => {
    expect(NPM_BLOCKS).to.have.length(2);
  });

  it('lists the settings as the code declares them', () => {
    const table = /<!-- settings[^>]*-->\n(.*?)<!-- \/settings -->/s.exec(README)?.[1];
    expect(table).to.equal(renderSettings());
  });

  it('maps every folder of code, and links to files that exist', () => {
    const links = [...README.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] ?? '');
    const missing = links.filter((link) => !/^https?:/.test(link)).filter((link) => !existsSync(link));
    expect(missing).to.eql([]);
    const folders = readdirSync('.', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const code = folders
      .map(({ name }) => name)
      .filter((name) => !/^(\..*|node_modules|dist|data|coverage)$/.test(name));
    expect(code.filter((name) => !links.includes(name))).to.eql([]);
  });
});
