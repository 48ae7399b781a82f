/** Bytes that a process holds at the most for callers who take their time, of each of its kinds. */
export const MOST_HELD = 64 * 1024 * 1024;

/** What is held for one caller. */
export interface Holding {
  /** Says how much it is by now. */
  resize(bytes: number): void;
  /** Says that its caller is done: it is held until it is released, and does not give way any more. */
  settle(): void;
  /** Lets go of it; what is said of it later changes nothing. */
  release(): void;
}

interface Held {
  bytes: number;
  giveWay(): void;
}

/**
 * Bytes that are held for callers who take their time to send, or to read. Where all of them together are more than may
 * be, the one that began first gives way: whoever sends or reads at a good pace is through before it comes to that.
 */
export class HeldBytes {
  readonly #most: number;
  readonly #all = new Set<Held>();
  /** Those whose callers are not done, in the order in which they began. */
  readonly #slow = new Set<Held>();
  #bytes = 0;

  constructor(most = MOST_HELD) {
    this.#most = most;
  }

  /** How many there are. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Holds bytes for a caller; `giveWay` has to end its request, once at the most. */
  hold(giveWay: () => void, bytes = 0): Holding {
    const held: Held = { bytes: 0, giveWay };
    this.#all.add(held);
    this.#slow.add(held);
    this.#resize(held, bytes);
    return {
      resize: (size) => this.#resize(held, size),
      settle: () => this.#slow.delete(held),
      release: () => this.#release(held),
    };
  }

  #resize(held: Held, bytes: number): void {
    if (!this.#all.has(held)) return;
    this.#bytes += bytes - held.bytes;
    held.bytes = bytes;
    for (const first of this.#slow) {
      if (this.#bytes <= this.#most) return;
      this.#release(first);
      first.giveWay();
    }
  }

  #release(held: Held): void {
    this.#slow.delete(held);
    if (this.#all.delete(held)) this.#bytes -= held.bytes;
  }
}
