import type { Criterion } from '../../resources/search/plan.ts';

/** What a policy says to a request: no, yes, or yes as far as it concerns resources that meet a criterion. */
export type Decision = boolean | Criterion;

/** Yes to whatever one of them says yes to; they are asked until one says so to all. */
export function anyOf<Part>(parts: readonly Part[], decide: (part: Part) => Decision): Decision {
  const of: Criterion[] = [];
  for (const part of parts) {
    const decision = decide(part);
    if (decision === true) return true;
    if (decision !== false) of.push(decision);
  }
  return of.length === 0 ? false : only(of, { test: 'any', of });
}

/** Yes to what all of them say yes to; they are asked until one says no. */
export function allOf<Part>(parts: readonly Part[], decide: (part: Part) => Decision): Decision {
  const of: Criterion[] = [];
  for (const part of parts) {
    const decision = decide(part);
    if (decision === false) return false;
    if (decision !== true) of.push(decision);
  }
  return of.length === 0 ? true : only(of, { test: 'all', of });
}

function only([first, ...others]: Criterion[], several: Criterion): Criterion {
  return first !== undefined && others.length === 0 ? first : several;
}
