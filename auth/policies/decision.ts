import type { Criterion } from '../../resources/search/plan.ts';

/** A policy's decision: false denies, true permits, a criterion permits the resources that meet it. */
export type Decision = boolean | Criterion;

/** Permits what any part permits. Stops at the first part that permits everything. */
export function anyOf<Part>(parts: readonly Part[], decide: (part: Part) => Decision): Decision {
  const of: Criterion[] = [];
  for (const part of parts) {
    const decision = decide(part);
    if (decision === true) return true;
    if (decision !== false) of.push(decision);
  }
  return of.length === 0 ? false : only(of, { test: 'any', of });
}

/** Permits what all parts permit. Stops at the first part that denies. */
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
