/** Tests of shell commands need curl, which does not come with Node. */
import { spawnSync } from 'node:child_process';
import type { Context } from 'mocha';

/** Skips the test if curl is missing; with `CI` set it throws instead. */
export function needsCurl(context: Context): void {
  if (spawnSync('curl', ['--version']).status === 0) return;
  if (process.env['CI']) throw new Error('curl is missing: install it, the README is tested with it');
  context.skip();
}
