import { RE2JS } from 're2js';
import { Undecided } from './engine.ts';

/** A regular expression that takes time linear in its input, whatever the pattern (RE2 syntax). */
export interface Pattern {
  /** True where the whole text matches. Throws Undecided for a text that is too long to try. */
  matches(text: string): boolean;
  /** True where a part of the text matches. Throws Undecided for a text that is too long to try. */
  finds(text: string): boolean;
}

const LONGEST_PATTERN = 1_000;
const LONGEST_TEXT = 16_384;

/** Compiles a pattern; throws an Error that says what is wrong with it. */
export function compilePattern(source: string): Pattern {
  if (source.length > LONGEST_PATTERN) throw new Error(`a pattern may have at most ${LONGEST_PATTERN} characters`);
  const compiled = RE2JS.compile(source);
  return {
    matches: (text) => compiled.matches(bounded(text)),
    finds: (text) => compiled.matcher(bounded(text)).find(),
  };
}

function bounded(text: string): string {
  if (text.length > LONGEST_TEXT) throw new Undecided();
  return text;
}
