import type { Server } from 'node:http';
import { endOfTurn } from '../../resources/pace/tick.ts';
import { WaitingLine } from '../../resources/pace/waiting-line.ts';
import type { Step } from '../context.ts';
import type { EventLoop } from './event-loop.ts';

/** So many requests are begun in a turn of the event loop: as many as one group of writes takes in. */
const A_TURN = 64;

/** Milliseconds that requests are held at the most while callers are let in. */
const LONGEST_HOLD = 500;

interface Waiting {
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Where requests wait for the event loop: in one line, and not in each of the many turns that their work takes. Of a
 * thousand that were begun in one turn, each would wait for the work of all others in every turn of its own.
 *
 * Node lets in one connection a turn. So that callers who come together are not let in over a thousand turns that are
 * full of work, nothing is begun until a turn has brought nobody; where that takes long, for half of the time at most.
 */
export class Door {
  readonly #loop: Pick<EventLoop, 'lateness'>;
  /** Who comes here has done nothing yet: all of its wait counts. */
  readonly #line = new WaitingLine<Waiting>({ name: 'requests', elsewhere: 1 });
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

  /** Holds requests while a server lets callers in. */
  watch(server: Pick<Server, 'on'>): void {
    server.on('connection', () => {
      const now = performance.now();
      if (now < this.#freeUntil) return;
      this.#hasCome = true;
      this.#heldSince ??= now;
      this.#awaitEndOfTurn();
    });
  }

  /** Begins a request once it is its turn; refuses with `busy` one that waits too long, or has waited for the loop. */
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
      // By then a body that came with the request is there, too: its connection need not end with the refusal.
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
