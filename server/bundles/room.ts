import { Failure } from '../../resources/errors.ts';

/** What is left of the answer to a Bundle for the entries that are not done yet. */
export class AnswerRoom {
  readonly #most: number;
  #left: number;
  #isFull = false;

  /** @param most characters that the answer may have */
  constructor(most: number) {
    this.#most = most;
    this.#left = most;
  }

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

  /** Says that there is no room for the answer to an entry, and what helps. */
  overflow(): Failure {
    const remedy = 'send fewer entries, or ask for less by _count or for JSON as it is';
    return new Failure('too-large', `The answer would have more than ${this.#most} characters: ${remedy}.`);
  }
}
