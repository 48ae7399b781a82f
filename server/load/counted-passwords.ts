import type { Passwords } from '../../auth/accounts/passwords.ts';

/** Passwords that tell how many of their answers are waited for: hashing is slow, and done one at a time. */
export type CountedPasswords = Passwords & { readonly waiting: number };

/** Counts what is asked of passwords and not answered yet. */
export function counted(passwords: Passwords): CountedPasswords {
  let waiting = 0;
  const counting =
    <Asked extends unknown[], Answer>(work: (...asked: Asked) => Promise<Answer>) =>
    async (...asked: Asked): Promise<Answer> => {
      waiting += 1;
      try {
        return await work(...asked);
      } finally {
        waiting -= 1;
      }
    };
  return {
    ...passwords,
    hash: counting(passwords.hash),
    match: counting(passwords.match),
    matches: counting(passwords.matches),
    get waiting() {
      return waiting;
    },
  };
}
