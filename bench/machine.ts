import { cpus } from 'node:os';

/** Returns the machine of a measurement, without which the figures mean little. */
export function machine(): { node: string; cores: number; cpu: string } {
  return { node: process.version, cores: cpus().length, cpu: cpus()[0]?.model ?? 'unknown' };
}
