/** Load at a steady rate, whatever the answers take: what a caller waits is counted from when its request was due. */
import { Agent } from 'node:http';
import { request } from '../test/harness/http.ts';
import type { Load } from './load.ts';

export interface SteadyLoad extends Pick<Load, 'url' | 'seconds' | 'headers'> {
  /** Requests a second, of all callers together. */
  rate: number;
  /** Requests that each caller repeats in turn, one after another: one list a caller. */
  lists: NonNullable<Load['lists']>;
}

/** Milliseconds. */
export interface Waits {
  p50: number;
  p99: number;
  longest: number;
}

/** Sends the load and sums the waits up. Throws where a request is refused. */
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
      // A timer may be a millisecond late, which is not the server's fault; that an earlier answer took long is.
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
