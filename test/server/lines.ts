/** Ways to the processes of a server that has several: whoever is free takes a connection, and who did is not told. */
import { Agent } from 'node:http';
import { expect } from 'chai';
import { type Reply, type RequestOptions, request } from '../harness/http.ts';
import type { TestServer } from '../harness/server.ts';
import { until } from './poll.ts';
import { logged } from './processes.ts';

/** A connection that is kept, to one process. */
export interface Line {
  /** The id of the process. */
  pid: number;
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
  /** Rejects where another process has answered a request; ends the connection. */
  close(): Promise<void>;
}

/** One to each process of a server: of all of them that one alone runs while the connection is made. */
export async function linesTo(server: TestServer): Promise<Line[]> {
  const pids = logged(server, '"msg":"Listening on');
  const lines: Line[] = [];
  for (const pid of pids) {
    const line = lineOf(server, pid);
    const others = pids.filter((other) => other !== pid);
    for (const other of others) process.kill(other, 'SIGSTOP');
    const { status } = await line.request('GET', '/health').finally(() => {
      for (const other of others) process.kill(other, 'SIGCONT');
    });
    expect(status).to.equal(200);
    lines.push(line);
  }
  return lines;
}

function lineOf(server: TestServer, pid: number): Line {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const name = `line-${pid}-`;
  let asked = 0;
  return {
    pid,
    request: (method, path, { headers, ...options } = {}) => {
      asked += 1;
      const named = { ...headers, 'x-request-id': `${name}${asked}` };
      return request(server.url, agent, method, path, { ...options, headers: named });
    },
    close: async () => {
      agent.destroy();
      const answered = () => logged(server, `"request":"${name}`);
      await until('the lines of the log', () => answered().length >= asked);
      expect([...new Set(answered())], 'who has answered').to.eql([pid]);
    },
  };
}
