/** Cleanup after all test files of a process, whoever started it. */

const chores = new Set<() => Promise<void>>();

/** Registers a cleanup to run before the process ends. */
export function atEnd(chore: () => Promise<void>): void {
  chores.add(chore);
}

/** Runs all cleanups: at the end of the processes of `npm test`, and of a mocha started on its own. */
export async function tidyUp(): Promise<void> {
  for (const chore of chores) await chore();
}

/** The name by which mocha calls it, since `.mocharc.json` requires this file. */
export const mochaGlobalTeardown = tidyUp;
