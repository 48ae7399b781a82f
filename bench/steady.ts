/** Load at a constant rate, however long responses take: latency counts from when a request was due. */
import { Agent } from 'node:http';
import { request } from '../test/harness/http.ts';
import type { Load } from './load.ts';

export interface SteadyLoad extends Pick<Load, 'url' | 'seconds' | 'headers'> {
  /** Requests per second of all clients together. */
  rate: number;
  /** Requests that each client repeats in turn, one list per client. */
  lists: NonNullable<Load['lists']>;
}

/** Latencies in milliseconds. */
export interface Waits {
  p50: number;
  p99: number;
  longest: number;
}

/** Generates the load and returns the latencies. Throws if a request is rejected. */
export async function loadSteadily({ url, seconds, headers, rate, lists }: SteadyLoad): Promise<Waits> {
  const agent = new Agent({ keepAlive: true, maxSockets: lists.length });
  const period = (lists.length / rate) * 1000;
  const began = performance.now();
  const until = began + seconds * 1000;
  const waits: number[] = [];
  const call = async (list: SteadyLoad['lists'][number], caller: number): Promise<void> => {
    for (let turn = 0; ; turn += 1) {
      const due = began + ((caller * period) / lists.length + turn * period);
      const { method, path, body } = list[(turn + caller) % list.length] ?? { method: 'GET', path: '/health' };
      if (due >= until) return;
      const early = due - performance.now();
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      // A late timer is not the server's fault, but a late start because of a slow response is.
      const from = early > 0 ? performance.now() : due;
      const { status, text } = await request(url, agent, method, path, {
        headers,
        ...(body === undefined ? {} : { body }),
      });
      if (status >= 300) throw new Error(`${method} ${path} answered ${status} ${text.slice(0, 200)}`);
      waits.push(performance.now() - from);
    }
  };
  try {
    await Promise.all(lists.map(call));
  } finally {
    agent.destroy();
  }
  waits.sort((one, other) => one - other);
  const at = (share: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), longest: at(1) };
}
