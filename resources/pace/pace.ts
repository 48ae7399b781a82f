import { type Waiter, WaitingLine } from './waiting-line.ts';

/** Milliseconds of a turn of the event loop after which no more work on large bodies is begun in it. */
const A_TURN = 10;

interface Waiting extends Waiter {
  resolve(): void;
}

/** Waits, where it is not its turn, until work that was begun may go on; undefined where nobody has to wait. */
export type GoOn = () => Promise<void> | undefined;

/**
 * The pace of long work: it is done piece by piece, and everything else comes between two pieces. What a turn of the
 * event loop has no time for waits in a line, where what was begun goes before what was not: it is done, and who comes
 * is refused once the wait is too long.
 */
export class Pace {
  readonly #line = new WaitingLine<Waiting>({ name: 'large bodies' });
  readonly #begun: (() => void)[] = [];
  /** Since when long work is done in this turn; undefined as long as none is. */
  #since: number | undefined;
  /** True from when a piece may be done until it is: who asks in between does not see yet how long it takes. */
  #isLetGo = false;

  /** How many pieces wait for their turn. */
  get waiting(): number {
    return this.#begun.length + this.#line.length;
  }

  /**
   * Waits until work may begin; undefined where it may at once. Rejects with `busy` what waits too long.
   * @param since from when on its wait counts, in milliseconds of the process
   */
  begin(since?: number): Promise<void> | undefined {
    if (this.#isItsTurn()) return undefined;
    return new Promise((resolve, reject) => this.#line.join({ resolve, reject }, since));
  }

  /** Waits until work that was begun may go on. It is never refused. */
  readonly goOn: GoOn = () => {
    if (this.#isItsTurn()) return undefined;
    return new Promise((resolve) => this.#begun.push(resolve));
  };

  #isItsTurn(): boolean {
    if (this.#isLetGo || !this.#hasTime() || this.waiting > 0) return false;
    // Whoever was let go goes on in a microtask, like this one.
    this.#isLetGo = true;
    queueMicrotask(() => {
      this.#isLetGo = false;
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

  /** Those that wait have the next turn, one after the other: each sees how long the ones before it took. */
  #endTurn(): void {
    this.#since = undefined;
    for (let place = 0; place < this.waiting; place += 1) setImmediate(() => this.#next());
  }

  #next(): void {
    if (!this.#hasTime()) return;
    const goOn = this.#begun.shift() ?? this.#line.next()?.resolve;
    goOn?.();
  }
}
