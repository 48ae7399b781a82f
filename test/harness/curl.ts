/** Tests of what is pasted into a shell need curl: a machine without it skips them, the CI must not. */
import { spawnSync } from 'node:child_process';
import type { Context } from 'mocha';

/** Skips the test where there is no curl; fails it where `CI` says that everything must run. */
export function needsCurl(test: Context): void {
  if (spawnSync('curl', ['--version']).status === 0) return;
  if (process.env['CI']) throw new Error('curl is missing: without it the README is not tested');
  test.skip();
}
