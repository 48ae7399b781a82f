/** A guard to remove from a copy of Ward. The test of the attack must then fail. */
export interface Hole {
  /** The name of the attack in its row of `docs/security.md`. */
  attack: string;
  /** The edits that make the attack work; several if each of their guards alone would stop it. */
  edits: readonly Edit[];
  /** The database that the test needs, if it is not SQLite. */
  on?: 'PostgreSQL';
  /** The expected message of the test, if it does not fail by an assertion (a timeout, for example). */
  says?: string;
}

export interface Edit {
  /** The path from the root of the project. */
  file: string;
  /** A text that occurs exactly once in the file. */
  guard: string;
  /** Its replacement. */
  without: string;
}

/** Returns a hole that consists of one edit. */
export function hole(attack: string, file: string, guard: string, without: string): Hole {
  return { attack, edits: [{ file, guard, without }] };
}

/** Returns the edited source; throws unless the guard occurs exactly once. */
export function opened(source: string, { file, guard, without }: Edit): string {
  const [before, after, ...more] = source.split(guard);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`test/holes takes out of ${file} what does not stand there once: ${guard}`);
  }
  return before + without + after;
}
