/** Checks of secrets: one may be null or, if the definition allows it, a list. */
import type { Member } from './elements.ts';

/** Allows null, which removes a secret. */
export function nullable(member: Member): Member {
  return {
    ...member,
    check: (object, key, run) => (object[key] === null ? undefined : member.check(object, key, run)),
  };
}

/** Allows one text, or a list of 2 to `most` distinct texts. A single secret is never written as a list. */
export function severalSecrets(single: Member, list: Member, most: number): Member {
  return {
    ...single,
    check(object, key, run) {
      const value = object[key];
      if (!Array.isArray(value)) return single.check(object, key, run);
      const fits = value.length >= 2 && value.length <= most && new Set(value).size === value.length;
      if (fits) return list.check(object, key, run);
      run.path.push(single.step);
      run.report('value', `must be one string, or a list of 2 to ${most} different strings`);
      run.path.pop();
    },
  };
}
