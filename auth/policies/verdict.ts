/**
 * What a part of a pattern says: yes, no, or nothing, where it looks into what the request does not have. Nothing is
 * no yes, and no negation makes one of it (https://en.wikipedia.org/wiki/Three-valued_logic, Kleene's).
 */
export type Verdict = boolean | undefined;

/** The opposite of a verdict. */
export function opposite(verdict: Verdict): Verdict {
  return verdict === undefined ? undefined : !verdict;
}

/** Yes where all say yes, no where one says no; they are asked until one says no. */
export function every<Part>(parts: readonly Part[], ask: (part: Part, at: number) => Verdict): Verdict {
  let said: Verdict = true;
  for (const [at, part] of parts.entries()) {
    const verdict = ask(part, at);
    if (verdict === false) return false;
    if (verdict === undefined) said = undefined;
  }
  return said;
}

/** Yes where one says yes, no where all say no; they are asked until one says yes. */
export function some<Part>(parts: readonly Part[], ask: (part: Part, at: number) => Verdict): Verdict {
  return opposite(every(parts, (part, at) => opposite(ask(part, at))));
}
