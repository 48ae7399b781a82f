/** What is left to do when all test files of a process have run, whichever of them began it. */

const chores = new Set<() => Promise<void>>();

/** Has something done before the process ends. */
export function atEnd(chore: () => Promise<void>): void {
  chores.add(chore);
}

/** Does all of it: at the end of `npm test`'s processes, and of a mocha that is started by itself. */
export async function tidyUp(): Promise<void> {
  for (const chore of chores) await chore();
}

/** What mocha calls it in a file that `.mocharc.json` requires. */
export const mochaGlobalTeardown = tidyUp;
