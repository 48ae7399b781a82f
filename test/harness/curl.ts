/** Tests of what is pasted into a shell need curl, which Node does not bring. */
import { spawnSync } from 'node:child_process';
import type { Context } from 'mocha';

/** Passes over the test where there is no curl; fails it where `CI` says that everything must run. */
export function needsCurl(context: Context): void {
  if (spawnSync('curl', ['--version']).status === 0) return;
  if (process.env['CI']) throw new Error('curl is missing: install it, the README is tested with it');
  context.skip();
}
