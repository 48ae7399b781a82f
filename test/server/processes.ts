import type { TestServer } from '../harness/server.ts';
import { until } from './poll.ts';

const PATIENCE = 60_000;

/** The processes that logged a line with this text, each as often as it did. */
export function logged(server: TestServer, text: string): number[] {
  const lines = server.output().split('\n');
  return lines.filter((line) => line.includes(text)).map((line) => Number(/"pid":(\d+)/.exec(line)?.[1]));
}

/** Waits until so many processes of a server have begun to listen, those that have ended since among them. */
export function listening(server: TestServer, count: number): Promise<void> {
  return until(`${count} processes listen`, () => logged(server, '"msg":"Listening on').length >= count, PATIENCE);
}

/** Sends a signal to a process, where there is one. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}
