/**
 * Work that runs at the same time, so much of it and no more, and one after another where it is about the same thing.
 * What fails is thrown to whoever starts the next work, or waits for all of it.
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

  /** Starts work about a subject as soon as there is room. Throws what earlier work has failed with. */
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

  /** Waits for what was started. Throws what any of it has failed with. */
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
