/** What Node answers by itself, since a request did not arrive whole or cannot be read, is counted and logged. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { serverEntry } from '../harness/build.ts';
import { startServer, type TestServer } from '../harness/server.ts';
import { until } from './poll.ts';
import { openRaw, postHead } from './raw.ts';
import { readMetrics } from './samples.ts';

const BODY = ['Content-Type: application/json', 'Content-Length: 100'];
const OTHER = 'ward_http_requests_total{method="other",status="4xx"}';
const POST = 'ward_http_requests_total{method="POST",status="4xx"}';

describe('server: requests that Node answers', () => {
  let folder: string;
  let server: TestServer;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ward-test-'));
    const [config, start] = ['config', 'start'].map((name) => path.join(path.dirname(serverEntry()), `${name}.js`));
    // Half a minute is the server's own patience: nobody sets it from outside.
    const script = `
      import { readConfig } from '${config}';
      import { startServer } from '${start}';
      const server = await startServer(readConfig(process.env), { patience: { request: 300 } });
      process.stdout.write('Listening on ' + server.url + ' (port ' + server.port + ')\\n');
      process.once('SIGTERM', () => server.close().then(() => process.exit(0)));`;
    await writeFile(path.join(folder, 'impatient.mjs'), script);
    const through = ['bash', '-c', `exec ${process.execPath} ${path.join(folder, 'impatient.mjs')}`];
    server = await startServer({ through });
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const ROWS: [what: string, sent: string, status: number, counted: string][] = [
    ['a head that does not end', 'GET /Patient HTTP/1.1\r\nHost: x\r\nX-Slow: ', 408, OTHER],
    ['a body that does not end', `${postHead('/Patient', BODY)}{"a`, 408, POST],
    ['a body that does not end, at the token endpoint', `${postHead('/auth/token', BODY)}{"a`, 408, POST],
    [
      'a head that is too large',
      `GET /Patient HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(50_000)}\r\n\r\n`,
      431,
      OTHER,
    ],
    ['what is no HTTP', 'hello\r\n\r\n', 400, OTHER],
  ];
  for (const [what, sent, status, counted] of ROWS) {
    it(`${what}: ${status} to the caller, in the log and in the metrics, once`, async () => {
      const before = await readMetrics(server);
      const logged = server.output().length;
      const lines = () => server.output().slice(logged).split('\n');
      const raw = await openRaw(server.port);
      raw.send(sent);
      expect(await raw.rest()).to.match(
        new RegExp(`^HTTP/1\\.1 ${status} [\\w ]+\\r\\nConnection: close\\r\\n\\r\\n$`),
      );
      const told = () => lines().filter((line) => /"status":4\d\d/.test(line));
      await until('the line of the log', () => told().length > 0);
      expect(told()).to.have.length(1);
      expect(JSON.parse(told()[0] ?? '')).to.include({ status, address: '127.0.0.1' });
      const after = await readMetrics(server);
      for (const name of [OTHER, POST]) {
        expect((after.get(name) ?? 0) - (before.get(name) ?? 0), name).to.equal(name === counted ? 1 : 0);
      }
    });
  }

  it('a connection that never asks anything is answered, and is no request', async () => {
    const before = await readMetrics(server);
    const raw = await openRaw(server.port);
    expect(await raw.rest()).to.match(/^HTTP\/1\.1 408 /);
    expect((await readMetrics(server)).get(OTHER)).to.equal(before.get(OTHER));
  });
});
