/** What SIGKILL cannot show, because the page cache survives it: an answer follows a flush of the disk. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { DATABASE_KIND } from '../harness/database.ts';
import { LONG } from '../harness/generated.ts';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';

const TRACED = LONG && DATABASE_KIND === 'sqlite' && spawnSync('strace', ['-V']).status === 0;

/** Only in the long run, on SQLite, where strace is installed. */
(TRACED ? describe : describe.skip)('kill: the flush before an answer', () => {
  let server: TestServer;
  let folder: string;

  before(async () => {
    server = await startServer();
    folder = await mkdtemp(path.join(tmpdir(), 'ward-strace-'));
  });

  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('stands between the answers of writes that come one by one', async () => {
    const trace = path.join(folder, 'trace');
    const tracer = spawn('strace', [
      ...['-f', '-p', String(server.pid), '-e', 'trace=fsync,fdatasync,write,writev', '-s', '400', '-o', trace],
    ]);
    await attached(tracer);
    for (let at = 0; at < 20; at += 1) {
      const headers = { 'x-request-id': `write-${at}` };
      const reply = await server.request('PUT', `/Patient/p${at}`, { as: asRoot, json: { active: true }, headers });
      expect(reply.status).to.equal(201);
    }
    tracer.kill('SIGINT');
    await once(tracer, 'close');
    const events = (await readFile(trace, 'utf8')).split('\n').flatMap(eventOf);
    const answers = Array.from({ length: 20 }, (_, at) => `write-${at}`);
    // Flushes are counted once, however many there were between two answers.
    const collapsed = events.filter((event, at) => event !== 'flush' || events[at - 1] !== 'flush');
    const upToTheLast = collapsed.slice(0, collapsed.lastIndexOf('write-19') + 1);
    expect(upToTheLast).to.deep.equal(answers.flatMap((answer) => ['flush', answer]));
  });
});

/** Waits until the tracer says that it follows the process. */
async function attached(tracer: ChildProcess): Promise<void> {
  for await (const chunk of tracer.stderr ?? []) if (/attached/.test(String(chunk))) return;
  throw new Error('strace did not attach');
}

/** A flush that has returned, or the answer of a request; nothing for other lines. */
function eventOf(line: string): string[] {
  if (/\bf(?:data)?sync\b.*= 0$/.test(line)) return ['flush'];
  const answered = /writev?\(.*HTTP\/1\.1 201.*X-Request-Id: (write-\d+)/.exec(line);
  return answered?.[1] === undefined ? [] : [answered[1]];
}
