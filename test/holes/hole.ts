/** A guard that is taken out of a copy of Ward, and the test that has to notice. */
export interface Hole {
  /** The name of the attack, as its row in `docs/security.md` has it. */
  attack: string;
  /** What is changed so that the attack works; more than one where each guard alone would stop it. */
  edits: readonly Edit[];
  /** A database that the test needs; SQLite otherwise. */
  on?: 'PostgreSQL';
  /** What the test says when it fails by something else than an assertion, such as a limit of time. */
  says?: string;
}

export interface Edit {
  /** From the root of the project. */
  file: string;
  /** A text that stands in the file once. */
  guard: string;
  /** What is put in its place. */
  without: string;
}

/** A hole that one edit opens. */
export function hole(attack: string, file: string, guard: string, without: string): Hole {
  return { attack, edits: [{ file, guard, without }] };
}

/** The source with the edit made; throws where its guard is not there once. */
export function opened(source: string, { file, guard, without }: Edit): string {
  const [before, after, ...more] = source.split(guard);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`test/holes takes out of ${file} what does not stand there once: ${guard}`);
  }
  return before + without + after;
}
