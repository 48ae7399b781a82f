/** A log whose reader hangs: the server serves and stops as ever, and its lines come once they are read again. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { TestDatabase } from '../harness/database.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { listeningPort, type ServerProcess, spawnServer } from '../harness/process.ts';
import { TEST_SETTINGS } from '../harness/server.ts';
import { until } from '../server/poll.ts';

/** What one request waits for at the most where the server answers none. */
const PATIENCE = 20_000;

describe('faults: a log that nobody reads', () => {
  let folder: string;
  let database: TestDatabase;
  let reader: number;
  let running: ServerProcess | undefined;
  beforeEach(async function () {
    folder = mkdtempSync(path.join(tmpdir(), 'ward-unread-'));
    const pipe = path.join(folder, 'log');
    if (spawnSync('mkfifo', [pipe]).status !== 0) this.skip();
    // Open for both, so that it can be opened at all while nobody else has it.
    reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    database = await preparedDatabase();
    running = spawnServer({ ...TEST_SETTINGS, DATABASE_URL: database.url }, ['sh', '-c', 'exec "$@" >"$0"', pipe]);
  });
  afterEach(async () => {
    running?.child.kill('SIGKILL');
    await running?.ended;
    await database.drop();
    closeSync(reader);
    rmSync(folder, { recursive: true });
  });

  /** What waits in the pipe. */
  function read(): string {
    const buffer = Buffer.alloc(65_536);
    try {
      return buffer.toString('utf8', 0, readSync(reader, buffer));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return '';
      throw error;
    }
  }

  it('stops neither answers nor the end, and is written once it is read', async function () {
    if (!running) return this.skip();
    let text = '';
    const output = () => {
      text += read();
      return text;
    };
    const port = await listeningPort({ ...running, output });
    const ask = async (request: string, at = '/health') => {
      const init = { headers: { 'X-Request-Id': request }, signal: AbortSignal.timeout(PATIENCE) };
      return (await fetch(`http://127.0.0.1:${port}${at}`, init)).status;
    };
    const ownPath = `/${'x'.repeat(10_000)}`;
    // More than the pipe holds, and then more than is kept: paths are logged.
    for (let at = 0; at < 20; at += 1) expect(await ask(`kept-${at}`, ownPath)).to.equal(401);
    for (let at = 0; at < 150; at += 1) expect(await ask('lost', ownPath)).to.equal(401);
    expect(await ask('unread')).to.equal(200);

    await until('the lines', async () => {
      expect(await ask('read-again')).to.equal(200);
      return output().includes('"read-again"');
    });
    for (let at = 0; at < 20; at += 1) expect(text).to.include(`"kept-${at}"`);
    for (const line of text
      .split('\n')
      .filter((each) => each.startsWith('{'))
      .slice(0, -1))
      JSON.parse(line);

    for (let at = 0; at < 20; at += 1) expect(await ask('unread', ownPath)).to.equal(401);
    running.child.kill('SIGTERM');
    expect(await running.ended).to.equal(0);
  });
});
