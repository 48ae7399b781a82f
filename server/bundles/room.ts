import { Failure } from '../../resources/errors.ts';

/** The space left in the response to a Bundle. */
export class AnswerRoom {
  readonly #most: number;
  #left: number;
  #isFull = false;

  /** @param most maximum characters of the response */
  constructor(most: number) {
    this.#most = most;
    this.#left = most;
  }

  /** True once a response did not fit: running further entries would be useless. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Reserves space for the response to an entry; returns false if it does not fit. */
  take(answer: string): boolean {
    if (answer.length > this.#left) this.#isFull = true;
    else this.#left -= answer.length;
    return !this.#isFull;
  }

  /** Returns the failure that says that the response is too large, and what helps. */
  overflow(): Failure {
    const remedy = 'send fewer entries, use a smaller _count, or JSON without _pretty';
    return new Failure('too-large', `The response would exceed ${this.#most} characters: ${remedy}.`);
  }
}
