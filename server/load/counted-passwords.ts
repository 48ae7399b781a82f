import type { Passwords } from '../../auth/accounts/passwords.ts';

/** Passwords with the number of pending calls: hashing is slow, and done one at a time. */
export type CountedPasswords = Passwords & { readonly waiting: number };

/** Wraps passwords so that pending calls are counted. */
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
