/**
 * The verdict of a part of a pattern: yes, no, or undefined if it looks into something that the request lacks.
 * Undefined is not a yes, and a negation does not make it one (https://en.wikipedia.org/wiki/Three-valued_logic,
 * Kleene's logic).
 */
export type Verdict = boolean | undefined;

/** Negates a verdict. */
export function opposite(verdict: Verdict): Verdict {
  return verdict === undefined ? undefined : !verdict;
}

/** Kleene's conjunction: yes if all are yes, no if one is no. Stops at the first no. */
export function every<Part>(parts: readonly Part[], ask: (part: Part, at: number) => Verdict): Verdict {
  let said: Verdict = true;
  for (const [at, part] of parts.entries()) {
    const verdict = ask(part, at);
    if (verdict === false) return false;
    if (verdict === undefined) said = undefined;
  }
  return said;
}

/** Kleene's disjunction: yes if one is yes, no if all are no. Stops at the first yes. */
export function some<Part>(parts: readonly Part[], ask: (part: Part, at: number) => Verdict): Verdict {
  return opposite(every(parts, (part, at) => opposite(ask(part, at))));
}
