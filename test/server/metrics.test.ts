/** `/metrics` tells whoever may ask what the server has done and what waits in it, as Prometheus reads it. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Identity } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { openRaw, postHead } from './raw.ts';
import { readMetrics, type Samples } from './samples.ts';

interface Policy extends Record<string, unknown> {
  link?: object[];
}

describe('server: metrics', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  const metrics = (): Promise<Samples> => readMetrics(server);

  it('are text of Prometheus 0.0.4: each metric with its help and its type, and numbers', async () => {
    const reply = await server.request('GET', '/metrics', { as: asRoot, headers: { accept: 'application/xml' } });
    expect([reply.status, reply.header('content-type')]).to.deep.equal([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    const described = new Set<string>();
    for (const line of reply.text.trimEnd().split('\n')) {
      const [, comment = '', named = ''] = /^# (HELP|TYPE) (\w+) \S+/.exec(line) ?? [];
      if (comment !== '') {
        described.add(`${comment} ${named}`);
        continue;
      }
      expect(line).to.match(/^\w+(\{\w+="[\w.+]+"(,\w+="[\w.+]+")*\})? [\d.e+-]+$/);
      const name = line.replace(/(_bucket|_sum|_count)?[ {].*$/, '');
      expect(described).to.include(`HELP ${name}`).and.include(`TYPE ${name}`);
    }
    expect(reply.text.endsWith('\n')).to.equal(true);
    const page = readFileSync('docs/metrics.md', 'utf8').split('\n');
    const told = page.flatMap((row) => (row.startsWith('| `') ? (row.split(' | ')[0]?.match(/\w+/g) ?? []) : []));
    expect([...described].filter((each) => each.startsWith('HELP'))).to.have.members(
      told.map((name) => `HELP ${name}`),
    );
  });

  it('count requests by method and kind of status; methods that there are not count as one', async () => {
    const before = await metrics();
    await server.request('GET', '/metadata');
    await server.request('GET', '/nowhere/at/all');
    await server.request('PUT', '/Patient/m', { as: asRoot, json: {} });
    await server.request('PROPFIND', '/Patient', { as: asRoot });
    await server.request('SEARCH', '/Patient', { as: asRoot });
    const after = await metrics();
    const more = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    // The metrics that were read before are counted by those that were read after.
    expect(more('ward_http_requests_total{method="GET",status="2xx"}')).to.equal(2);
    expect(more('ward_http_requests_total{method="GET",status="4xx"}')).to.equal(1);
    expect(more('ward_http_requests_total{method="PUT",status="2xx"}')).to.equal(1);
    expect(more('ward_http_requests_total{method="other",status="4xx"}')).to.equal(2);
    expect(more('ward_http_request_duration_seconds_count')).to.equal(6);
  });

  it('tell how long requests took: each bucket holds those of the one before it', async () => {
    const found = await metrics();
    const buckets = [...found].filter(([name]) => name.startsWith('ward_http_request_duration_seconds_bucket'));
    const counts = buckets.map(([, count]) => count);
    expect(counts).to.deep.equal([...counts].sort((a, b) => a - b));
    expect(buckets.at(-1)).to.deep.equal([
      'ward_http_request_duration_seconds_bucket{le="+Inf"}',
      found.get('ward_http_request_duration_seconds_count'),
    ]);
    expect(found.get('ward_http_request_duration_seconds_sum')).to.be.above(0);
  });

  it('tell of the process, its event loop and what waits', async () => {
    const before = await metrics();
    // The first round of the loop after a look begins to measure, the second is measured.
    for (const milliseconds of [30, 100]) {
      const late = performance.now() + milliseconds;
      while (performance.now() < late);
      await server.request('GET', '/health');
    }
    const found = await metrics();
    expect(found.get('nodejs_eventloop_lag_max_seconds')).to.be.within(0.05, 60);
    expect(found.get('nodejs_eventloop_lag_p50_seconds')).to.be.at.least(0);
    expect(found.get('nodejs_eventloop_lag_p99_seconds')).to.be.at.least(0);
    expect(found.get('process_resident_memory_bytes')).to.be.above(2 ** 20);
    expect(found.get('nodejs_heap_size_used_bytes')).to.be.above(2 ** 20);
    expect(found.get('process_cpu_user_seconds_total')).to.be.above(
      before.get('process_cpu_user_seconds_total') ?? Number.NaN,
    );
    expect(found.get('ward_requests_waiting')).to.equal(0);
    expect(found.get('ward_bodies_waiting')).to.equal(0);
    expect(found.get('ward_writes_waiting')).to.equal(0);
    expect(found.get('ward_searches_waiting')).to.equal(0);
    expect(found.get('ward_secrets_waiting')).to.equal(0);
    expect(found.get('ward_http_connections')).to.equal(1);
  });

  it('count the requests that are not answered yet', async () => {
    expect((await metrics()).get('ward_http_requests_in_flight')).to.equal(1);
    const raw = await openRaw(Number(new URL(server.baseUrl).port));
    const headers = ['Content-Type: application/json', 'Content-Length: 2', 'Expect: 100-continue'];
    raw.send(postHead('/Patient', headers));
    await raw.received(/100 Continue/);
    expect((await metrics()).get('ward_http_requests_in_flight')).to.equal(2);
    raw.send('{}');
    await raw.received(/ 201 /);
    raw.socket.destroy();
    expect((await metrics()).get('ward_http_requests_in_flight')).to.equal(1);
  });

  it('count the secrets that are being hashed', async () => {
    // At the full cost: a hash of the cheap kind is made before anybody can ask for the metrics.
    const hashing = await startClockedServer({}, undefined, undefined, { hashing: 'full' });
    try {
      expect((await readMetrics(hashing)).get('ward_secrets_waiting')).to.equal(0);
      let over = false;
      const wrong = [1, 2, 3].map((each) =>
        hashing.request('GET', '/Patient', { as: { basic: [`nobody-${each}`, 'wrong'] } }),
      );
      const ended = Promise.all(wrong).then(() => {
        over = true;
      });
      let most = 0;
      while (!over) most = Math.max(most, (await readMetrics(hashing)).get('ward_secrets_waiting') ?? 0);
      await ended;
      expect(most).to.be.within(1, 3);
      expect((await readMetrics(hashing)).get('ward_secrets_waiting')).to.equal(0);
    } finally {
      await hashing.stop();
    }
  });

  describe('server: who may read the metrics', () => {
    const clientWith = async (id: string, policy: Policy | undefined): Promise<Identity> => {
      const json = { secret: `secret-of-${id}`, grant_types: ['basic'] };
      await server.request('PUT', `/Client/${id}`, { as: asRoot, json });
      if (policy) {
        const link = [{ reference: `Client/${id}` }, ...(policy.link ?? [])];
        const made = await server.request('PUT', `/AccessPolicy/${id}`, { as: asRoot, json: { ...policy, link } });
        expect(made.status, made.text).to.equal(201);
      }
      return { basic: [id, `secret-of-${id}`] };
    };

    it('nobody without a policy: 401 for the anonymous, 403 for others', async () => {
      const anonymous = await server.request('GET', '/metrics');
      expect([anonymous.status, anonymous.header('www-authenticate')]).to.deep.equal([401, 'Bearer realm="ward"']);
      const as = await clientWith('nothing', undefined);
      expect((await server.request('GET', '/metrics', { as })).status).to.equal(403);
    });

    it('whom a policy lets read them, and nothing else', async () => {
      const as = await clientWith('prometheus', { engine: 'matcho', matcho: { operation: { id: 'metrics' } } });
      expect((await server.request('GET', '/metrics', { as })).status).to.equal(200);
      expect((await server.request('GET', '/fhir/metrics', { as })).status).to.equal(200);
      expect((await server.request('GET', '/Patient', { as })).status).to.equal(403);
      const everything = { engine: 'allow', link: [{ resourceType: 'Operation', id: 'metrics' }] };
      const byOperation = await clientWith('by-operation', everything);
      expect((await server.request('GET', '/metrics', { as: byOperation })).status).to.equal(200);
      expect((await server.request('GET', '/Patient', { as: byOperation })).status).to.equal(403);
      const byUri = await clientWith('by-uri', { engine: 'matcho', matcho: { uri: '/metrics' } });
      expect((await server.request('GET', '/metrics', { as: byUri })).status).to.equal(200);
    });

    it('nobody who may see some rows of a type alone', async () => {
      const policy = { engine: 'criteria', resource: 'Patient', criteria: 'active=true' };
      const as = await clientWith('rows', policy);
      expect((await server.request('GET', '/Patient', { as })).status).to.equal(200);
      expect((await server.request('GET', '/metrics', { as })).status).to.equal(403);
    });

    it('with GET and HEAD alone', async () => {
      const reply = await server.request('POST', '/metrics', { as: asRoot });
      expect([reply.status, reply.header('allow')]).to.deep.equal([405, 'GET, HEAD']);
      expect((await server.request('HEAD', '/metrics', { as: asRoot })).text).to.equal('');
    });
  });
});
