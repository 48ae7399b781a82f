import { BoundedQueue, type Waiter } from './bounded-queue.ts';

/** Milliseconds per turn of the event loop for work on large bodies; after that no more of it starts in the turn. */
const A_TURN = 10;

interface Waiting extends Waiter {
  resolve(): void;
}

/** Yields until started work may continue; returns undefined if it need not wait. */
export type YieldTurn = () => Promise<void> | undefined;

/**
 * Paces long work on the event loop: it runs in pieces, with all other work in between. What does not fit into a turn
 * waits in a queue. Started work goes first and is always finished; new work is refused if its wait gets too long.
 */
export class Pace {
  readonly #queue = new BoundedQueue<Waiting>({ name: 'large bodies' });
  readonly #begun: (() => void)[] = [];
  /** When long work began in this turn; undefined if none has. */
  #since: number | undefined;
  /** True while a piece is running: until it ends, its duration is unknown. */
  #isRunning = false;

  /** The number of waiting pieces. */
  get waiting(): number {
    return this.#begun.length + this.#queue.length;
  }

  /**
   * Waits until work may begin; returns undefined if it may begin at once. Rejects with `busy` after too long a wait.
   * @param since monotonic time in milliseconds from which its wait counts
   */
  begin(since?: number): Promise<void> | undefined {
    if (this.#isItsTurn()) return undefined;
    return new Promise((resolve, reject) => this.#queue.join({ resolve, reject }, since));
  }

  /** Waits until started work may continue. Never rejects. */
  readonly yieldTurn: YieldTurn = () => {
    if (this.#isItsTurn()) return undefined;
    return new Promise((resolve) => this.#begun.push(resolve));
  };

  #isItsTurn(): boolean {
    if (this.#isRunning || !this.#hasTime() || this.waiting > 0) return false;
    // The caller continues in a microtask, like this one.
    this.#isRunning = true;
    queueMicrotask(() => {
      this.#isRunning = false;
    });
    return true;
  }

  #hasTime(): boolean {
    if (this.#since === undefined) {
      this.#since = performance.now();
      setImmediate(() => this.#endTurn());
      return true;
    }
    return performance.now() - this.#since < A_TURN;
  }

  /** Waiting work gets the next turn, piece by piece: each piece is measured before the next one starts. */
  #endTurn(): void {
    this.#since = undefined;
    for (let place = 0; place < this.waiting; place += 1) setImmediate(() => this.#next());
  }

  #next(): void {
    if (!this.#hasTime()) return;
    const resume = this.#begun.shift() ?? this.#queue.next()?.resolve;
    resume?.();
  }
}
