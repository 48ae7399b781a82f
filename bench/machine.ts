import { cpus } from 'node:os';

/** What a measurement was taken on, without which it says little. */
export function machine(): { node: string; cores: number; cpu: string } {
  return { node: process.version, cores: cpus().length, cpu: cpus()[0]?.model ?? 'unknown' };
}
