import type { Server } from 'node:http';
import { BoundedQueue } from '../../resources/pace/bounded-queue.ts';
import { endOfTurn } from '../../resources/pace/tick.ts';
import type { Step } from '../context.ts';
import type { EventLoop } from './event-loop.ts';

/** Requests begun per turn of the event loop: as many as one group of writes holds. */
const A_TURN = 64;

/** Maximum milliseconds to hold requests while connections are accepted. */
const LONGEST_HOLD = 500;

interface Waiting {
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * The admission queue: requests wait for the event loop here, in one queue, and not in each of the many turns that
 * their work takes. If a thousand were begun in one turn, each would wait for all others in every turn of its own.
 *
 * Node accepts one connection per turn. If many clients connect at once, they must not be accepted over a thousand
 * turns full of work: no request is begun until a turn has brought no connection. If that takes long, requests are held
 * for at most half of the time.
 */
export class AdmissionQueue {
  readonly #loop: Pick<EventLoop, 'lateness'>;
  /** A request that arrives here has done nothing yet: its whole wait counts. */
  readonly #line = new BoundedQueue<Waiting>({ name: 'requests', elsewhere: 1 });
  #begun = 0;
  #endsTurn = false;
  #hasCome = false;
  #heldSince: number | undefined;
  #freeUntil = 0;

  constructor(loop: Pick<EventLoop, 'lateness'>) {
    this.#loop = loop;
  }

  /** How many requests wait to be begun. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Holds requests while a server accepts connections. */
  watch(server: Pick<Server, 'on'>): void {
    server.on('connection', () => {
      const now = performance.now();
      if (now < this.#freeUntil) return;
      this.#hasCome = true;
      this.#heldSince ??= now;
      this.#awaitEndOfTurn();
    });
  }

  /**
   * Begins a request when its turn comes; rejects with `busy` if it waits, or has waited for the event loop, too long.
   */
  readonly pass: Step = (ctx, next) => {
    const late = Math.max(0, this.#loop.lateness());
    ctx.state.since = performance.now() - late;
    this.#awaitEndOfTurn();
    if (late === 0 && this.#heldSince === undefined && this.#line.length === 0 && this.#begun < A_TURN) {
      this.#begun += 1;
      return next();
    }
    return this.#turn(ctx.state.since).then(next);
  };

  async #turn(since: number): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => this.#line.join({ resolve, reject }, since));
    } catch (error) {
      // By the next turn the body of the request has arrived too, so the connection can stay open after the error.
      await endOfTurn();
      throw error;
    }
  }

  #awaitEndOfTurn(): void {
    if (this.#endsTurn) return;
    this.#endsTurn = true;
    setImmediate(() => {
      this.#endsTurn = false;
      this.#begun = 0;
      this.#endHold();
      if (this.#heldSince === undefined) this.#begin();
      if (this.#heldSince !== undefined || this.#line.length > 0) this.#awaitEndOfTurn();
    });
  }

  #endHold(): void {
    if (this.#heldSince === undefined) return;
    const held = performance.now() - this.#heldSince;
    if (!this.#hasCome || held >= LONGEST_HOLD) {
      this.#heldSince = undefined;
      this.#freeUntil = performance.now() + held;
    }
    this.#hasCome = false;
  }

  #begin(): void {
    for (; this.#begun < A_TURN; this.#begun += 1) {
      const waiting = this.#line.next();
      if (!waiting) return;
      waiting.resolve();
    }
  }
}
