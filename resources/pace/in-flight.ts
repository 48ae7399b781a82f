/**
 * Limits how many tasks run concurrently, and runs tasks of the same subject one after another. A failed task makes the
 * next call of `start` or `finish` throw its error.
 */
export class InFlight {
  readonly #most: number;
  readonly #running = new Map<string, Promise<void>>();
  #count = 0;
  #failure: { error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** Starts a task of a subject as soon as there is room. Throws the error of an earlier task. */
  async start(subject: string, work: () => Promise<void>): Promise<void> {
    await this.#until(() => this.#count < this.#most);
    if (this.#failure) await this.finish();
    this.#count += 1;
    const before = this.#running.get(subject) ?? Promise.resolve();
    const done: Promise<void> = before.then(work).then(
      () => this.#finish(subject, done),
      (error: unknown) => {
        this.#failure ??= { error };
        this.#finish(subject, done);
      },
    );
    this.#running.set(subject, done);
  }

  /** Waits for all started tasks. Throws the error of a failed one. */
  async finish(): Promise<void> {
    await this.#until(() => this.#count === 0);
    if (this.#failure) throw this.#failure.error;
  }

  #finish(subject: string, done: Promise<void>): void {
    if (this.#running.get(subject) === done) this.#running.delete(subject);
    this.#count -= 1;
    this.#wake?.();
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
