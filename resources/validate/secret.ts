/** How a secret is checked: it may be null, and where its definition says so several at once. */
import type { Member } from './elements.ts';

/** A secret may be null: that removes it. */
export function nullable(member: Member): Member {
  return {
    ...member,
    check: (object, key, run) => (object[key] === null ? undefined : member.check(object, key, run)),
  };
}

/** A secret that may be one text, or a list of two to so many that differ. One in a list is written without it. */
export function severalSecrets(single: Member, list: Member, most: number): Member {
  return {
    ...single,
    check(object, key, run) {
      const value = object[key];
      if (!Array.isArray(value)) return single.check(object, key, run);
      const fits = value.length >= 2 && value.length <= most && new Set(value).size === value.length;
      if (fits) return list.check(object, key, run);
      run.path.push(single.step);
      run.report('value', `must be one text, or a list of 2 to ${most} that differ`);
      run.path.pop();
    },
  };
}
