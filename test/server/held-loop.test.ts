/**
 * No body holds the event loop for long in one piece, and many at once hold up nobody else. How long is long is told
 * by what a flat JSON text of a megabyte takes on the same machine at the same time.
 */
import { Agent } from 'node:http';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { LONG } from '../harness/generated.ts';
import { type Reply, request } from '../harness/http.ts';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';
import { BEYOND, FORM_TYPE, filled, JSON_TYPE, listed, PATCH_TYPE, WITHIN, YAML_TYPE } from './hostile-bodies.ts';
import { readMetrics } from './samples.ts';

/** What was bounded by nothing took fifty of these, and up to all the time there is. */
const MOST = 30;
/** A machine that does something else for a moment says nothing of the server. */
const ATTEMPTS = 4;

const FLAT = filled('[', (index) => `"text-${index}"`, ']');

/** Milliseconds that the engine takes to parse the flat text. */
function yardstick(): number {
  const began = performance.now();
  JSON.parse(FLAT);
  return performance.now() - began;
}

const operation = (op: object): string => JSON.stringify(op);
const inFront = Array.from({ length: 990 }, () => operation({ op: 'add', path: '/name/0', value: { text: 'b' } }));
const patched = (value: string): string => `[{"op":"add","path":"/name","value":${value}},${inFront.join(',')}]`;
const names = (count: number): string => `[${Array.from({ length: count }, () => '{"text":"a"}').join(',')}]`;

const ROWS: [what: string, method: string, path: string, type: string, body: string, status: number][] = [
  ['nested lists', 'POST', '/auth/token', JSON_TYPE, BEYOND.nested, 413],
  ['very many lists', 'POST', '/auth/token', JSON_TYPE, WITHIN.lists, 400],
  ['very many names', 'POST', '/', JSON_TYPE, BEYOND.names, 413],
  ['a long YAML list', 'POST', '/', YAML_TYPE, BEYOND.yamlFlow, 413],
  ['YAML of many lines', 'POST', '/', YAML_TYPE, BEYOND.yamlBlock, 413],
  ['a YAML number without end', 'POST', '/', YAML_TYPE, `x: 0x${'f'.repeat(1_000_000)}`, 400],
  ['a YAML text of many words', 'POST', '/', YAML_TYPE, filled('x: ', () => 'a', '', ' '), 400],
  ['very many fields', 'POST', '/auth/token', FORM_TYPE, BEYOND.fields, 413],
  ['a field that is repeated', 'POST', '/auth/token', FORM_TYPE, filled('', () => 'audience=a', '', '&'), 413],
  ['very many spaces in a form', 'POST', '/auth/token', FORM_TYPE, filled('a=', () => '+', '', ''), 400],
  ['contained resources', 'POST', '/Patient/$validate', JSON_TYPE, WITHIN.contained, 200],
  ['very many faults', 'POST', '/Patient/$validate', JSON_TYPE, WITHIN.faults, 200],
  ['very many texts to search for', 'POST', '/Patient', JSON_TYPE, WITHIN.texts, 201],
  ['a text of very short words', 'POST', '/Patient', JSON_TYPE, WITHIN.words, 201],
  ['a text of escapes', 'POST', '/Patient/$validate', JSON_TYPE, WITHIN.escapes, 200],
  ['a patch of a long list', 'PATCH', '/Patient/p', PATCH_TYPE, patched(names(40_000)), 422],
  ['a list of strings of digits', 'POST', '/', JSON_TYPE, listed('{"x":[', 104_000, () => '1.0', ']}'), 400],
];

/** Only in the long run: a machine that is busy with other suites says little of a loop. */
(LONG ? describe : describe.skip)('server: the event loop', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ env: { LOG_LEVEL: 'fatal' } });
    await server.request('PUT', '/Patient/p', { as: asRoot, json: { name: [{ text: 'a' }] } });
  });
  after(async () => {
    await server.stop();
  });

  for (const [what, method, path, type, body, status] of ROWS) {
    it(`is not held for long by a body: ${what}`, async () => {
      const headers = { 'content-type': type, 'content-encoding': 'gzip' };
      const zipped = gzipSync(body);
      let least = Number.POSITIVE_INFINITY;
      for (let attempt = 0; attempt < ATTEMPTS && least > MOST; attempt += 1) {
        await readMetrics(server);
        const unit = yardstick();
        const reply = await server.request(method, path, { as: asRoot, body: zipped, headers, timeout: 30_000 });
        expect(reply.status, reply.text.slice(0, 300)).to.equal(status);
        const late = (await readMetrics(server)).get('nodejs_eventloop_lag_max_seconds') ?? Number.NaN;
        least = Math.min(least, (late * 1000) / Math.max(unit, yardstick()));
      }
      expect(least).to.be.at.most(MOST);
    }).timeout(60_000);
  }

  it('is left to others while a hundred such bodies are worked on: reads come first', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 200 });
    const answered: string[] = [];
    const ask = async (kind: string, ...asked: [method: string, path: string, options: object]): Promise<Reply> => {
      const reply = await request(server.url, agent, ...asked);
      answered.push(kind);
      return reply;
    };
    const bodies = Array.from({ length: 100 }, (_, index) => {
      const [path, type, body] = index % 2 === 0 ? ['/auth/token', JSON_TYPE, LISTS] : ['/', YAML_TYPE, YAML];
      const headers = { 'content-type': type, 'content-encoding': 'gzip' };
      return ask('body', 'POST', path, { as: asRoot, body, headers, timeout: 30_000 });
    });
    const reads: Promise<Reply>[] = [];
    for (let round = 0; round < 10; round += 1) {
      reads.push(ask('read', 'GET', '/Patient/p', { as: asRoot, timeout: 30_000 }));
      await reads[round];
    }
    for (const reply of await Promise.all(reads)) expect(reply.status, reply.text).to.equal(200);
    const before = answered.slice(0, answered.lastIndexOf('read')).filter((kind) => kind === 'body').length;
    const replies = await Promise.all(bodies);
    agent.destroy();
    expect(replies.some(({ status }) => status !== 503)).to.equal(true);
    for (const reply of replies) {
      if (reply.status !== 503) expect(reply.status, reply.text.slice(0, 300)).to.be.oneOf([400, 413]);
      else expect(reply.header('retry-after'), reply.text.slice(0, 300)).to.equal('1');
    }
    expect(before).to.be.below(bodies.length);
    const metrics = await readMetrics(server);
    expect([metrics.get('ward_bodies_waiting'), metrics.get('ward_bodies_held_bytes')]).to.deep.equal([0, 0]);
  }).timeout(60_000);
});

const [LISTS, YAML] = [gzipSync(WITHIN.lists), gzipSync(BEYOND.yamlFlow)];
