import { RE2JS } from 're2js';
import { Undecided } from './engine.ts';

/** A regular expression with linear running time (RE2 syntax). */
export interface Pattern {
  /** Returns true if the whole text matches. Throws Undecided if the text is too long. */
  matches(text: string): boolean;
  /** Returns true if a part of the text matches. Throws Undecided if the text is too long. */
  finds(text: string): boolean;
}

const LONGEST_PATTERN = 1_000;
const LONGEST_TEXT = 16_384;
/** Instructions of a compiled pattern: each may run once for each character of a text. */
const LARGEST_PROGRAM = 2_500;

/** Compiles a pattern. Throws an Error that says what is wrong with it. */
export function compilePattern(source: string): Pattern {
  if (source.length > LONGEST_PATTERN) throw new Error(`it must have at most ${LONGEST_PATTERN} characters`);
  const compiled = RE2JS.compile(source);
  if (compiled.programSize() > LARGEST_PROGRAM) throw new Error('a pattern must have fewer or smaller repetitions');
  return {
    matches: (text) => compiled.matches(bounded(text)),
    finds: (text) => compiled.matcher(bounded(text)).find(),
  };
}

function bounded(text: string): string {
  if (text.length > LONGEST_TEXT) throw new Undecided();
  return text;
}
