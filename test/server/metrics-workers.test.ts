/** `/metrics` with `WORKERS`: whichever process is asked tells of all of them. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { DATABASE_KIND } from '../harness/database.ts';
import type { RequestOptions } from '../harness/http.ts';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';
import { until } from './poll.ts';
import { listening, logged } from './processes.ts';
import { readMetrics, type Samples } from './samples.ts';

const UP = 'ward_worker_up';
const MEMORY = 'process_resident_memory_bytes';

if (DATABASE_KIND === 'postgres') {
  describe('server: metrics of several processes', () => {
    let server: TestServer;
    before(async () => {
      server = await startServer({ env: { WORKERS: '2' } });
      await listening(server, 2);
    });
    after(() => server.stop());

    /** On a connection of its own, which either may take. */
    const ask = (method: string, path: string, options: RequestOptions = {}) =>
      server.request(method, path, { ...options, headers: { Connection: 'close' } });
    const metrics = () => readMetrics({ request: ask });
    /** The values of a metric by the number of the process. */
    const byWorker = (samples: Samples, name: string) => {
      const values = ['1', '2'].map((worker) => samples.get(`${name}{worker="${worker}"}`));
      return { values, sum: values.reduce<number>((sum, value) => sum + (value ?? 0), 0) };
    };
    const ANSWERED = 'ward_http_request_duration_seconds_count';

    it('whichever is asked tells of both, each by its number, and what they counted adds up', async () => {
      const { sum } = byWorker(await metrics(), ANSWERED);
      let more = 0;
      await until('both are asked', async () => {
        const samples = await metrics();
        more += 1;
        expect(byWorker(samples, ANSWERED).sum).to.equal(sum + more);
        expect(byWorker(samples, UP).values).to.eql([1, 1]);
        for (const value of byWorker(samples, MEMORY).values) expect(value).to.be.above(2 ** 20);
        return new Set(logged(server, '"path":"/metrics"')).size === 2;
      });
      const samples = await metrics();
      for (const value of byWorker(samples, ANSWERED).values) expect(value).to.be.above(0);
      const counts = [...samples].filter(([name]) => name.startsWith('ward_http_requests_total'));
      expect(counts.reduce((all, [, count]) => all + count, 0)).to.equal(sum + more + 1);
    });

    it('each metric is described once, and each of its numbers says whose it is', async () => {
      const { text } = await server.request('GET', '/metrics', { as: asRoot });
      const lines = text.trimEnd().split('\n');
      const described = lines.filter((line) => line.startsWith('# HELP')).map((line) => line.split(' ')[2]);
      expect(new Set(described)).to.have.property('size', described.length);
      const numbers = lines.filter((line) => !line.startsWith('#'));
      // Those of a metric stand together, behind what describes it.
      const groups = numbers.map((line) => line.replace(/(_bucket|_sum|_count)?\{.*/, ''));
      expect(groups.filter((name, at) => name !== groups[at - 1])).to.eql(described);
      for (const line of numbers) expect(line).to.match(/^\w+\{worker="[12]"(,\w+="[\w.+]+")*\} [\d.e+-]+$/);
    });

    it('one that does not answer is told of as such, in time, and what it has is left out until it does', async () => {
      // On the connection that is kept, which leads to one of them.
      const who = () => logged(server, '"path":"/Patient/who"');
      expect((await server.request('GET', '/Patient/who', { as: asRoot })).status).to.equal(404);
      await until('the line of the log', () => who().length === 1);
      const [asked] = who();
      const other = logged(server, '"msg":"Listening on').find((pid) => pid !== asked) ?? 0;
      process.kill(other, 'SIGSTOP');
      const began = performance.now();
      const samples = await readMetrics(server).finally(() => process.kill(other, 'SIGCONT'));
      expect(performance.now() - began).to.be.below(2000);
      expect(byWorker(samples, UP).values).to.have.members([0, 1]);
      expect(byWorker(samples, MEMORY).values).to.include(undefined);
      await until('both answer', async () => byWorker(await readMetrics(server), UP).sum === 2);
    });

    it('one that takes the place of another has its number, and counts from the beginning', async () => {
      let before = byWorker(await metrics(), ANSWERED);
      await until('both have answered much', async () => {
        before = byWorker(await metrics(), ANSWERED);
        return before.values.every((value) => (value ?? 0) > 20);
      });
      process.kill(logged(server, '"msg":"Listening on')[0] ?? 0, 'SIGKILL');
      await listening(server, 3);
      await until('both answer', async () => byWorker(await metrics(), UP).sum === 2);
      const samples = await metrics();
      expect([...samples.keys()].filter((name) => name.startsWith(UP))).to.have.length(2);
      const fewer = byWorker(samples, ANSWERED).values.filter((value, at) => (value ?? 0) < (before.values[at] ?? 0));
      expect(fewer).to.have.length(1);
    });
  });
}
