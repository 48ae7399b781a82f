/** Tests of what is pasted into a shell need curl. */
import { spawnSync } from 'node:child_process';

/** Fails where there is no curl: a test that is passed over would look like one that holds. */
export function needsCurl(): void {
  if (spawnSync('curl', ['--version']).status === 0) return;
  throw new Error('curl is missing: install it, the README is tested with it');
}
