import { Failure } from '../../resources/errors.ts';

/** Characters that the answer to a Bundle may have: all of it is held until it is sent. */
const MOST = 16 * 1024 * 1024;

/** What is left of the answer to a Bundle for the entries that are not done yet. */
export class AnswerRoom {
  #left = MOST;
  #isFull = false;

  /** True once something did not fit: what is done from then on would be in vain. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Takes room for the answer to an entry; false where it does not fit. */
  take(answer: string): boolean {
    if (answer.length > this.#left) this.#isFull = true;
    else this.#left -= answer.length;
    return !this.#isFull;
  }
}

/** Says that the answer to a Bundle has no room for that to an entry, and what helps. */
export function noRoom(): Failure {
  const message = `The answer would have more than ${MOST} characters: send fewer entries, or ask for less by _count.`;
  return new Failure('too-large', message);
}
