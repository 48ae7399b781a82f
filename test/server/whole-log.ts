import type { TestServer } from '../harness/server.ts';
import { until } from './poll.ts';

let asked = 0;

/** What a server has printed up to now, its last lines too: it waits for that of one more request. */
export async function wholeLog(server: Pick<TestServer, 'request' | 'output'>): Promise<string> {
  asked += 1;
  const id = `whole-log-${asked}`;
  await server.request('GET', '/health', { headers: { 'x-request-id': id } });
  await until('the line of the last request', () => server.output().includes(`"request":"${id}"`));
  return server.output();
}
