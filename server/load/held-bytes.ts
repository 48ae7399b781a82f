import { networkOf } from '../../auth/accounts/network.ts';

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
  network: string;
  giveWay(): void;
  mayGiveWay(): boolean;
}

/** What is held for the callers of one network. */
interface Share {
  bytes: number;
  all: Set<Held>;
  /** That of callers who are not done, in the order in which they began. */
  slow: Set<Held>;
}

/**
 * Bytes that are held for callers who take their time. Where all of them together are more than may be, what began
 * first of that which may gives way, of the network that has the most: one caller with many connections makes nobody
 * else give way.
 */
export class HeldBytes {
  readonly #most: number;
  readonly #shares = new Map<string, Share>();
  #bytes = 0;

  constructor(most = MOST_HELD) {
    this.#most = most;
  }

  /** How many there are. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Holds bytes, none yet, for a caller at an address; `giveWay` has to end its request, once at the most. `mayGiveWay`
   * is asked each time that there is too much.
   */
  hold(address: string, giveWay: () => void, mayGiveWay: () => boolean = () => true): Holding {
    const network = networkOf(address);
    const held: Held = { bytes: 0, network, giveWay, mayGiveWay };
    const share = this.#shares.get(network) ?? { bytes: 0, all: new Set(), slow: new Set() };
    this.#shares.set(network, share);
    share.all.add(held);
    share.slow.add(held);
    return {
      resize: (bytes) => this.#resize(share, held, bytes),
      settle: () => share.slow.delete(held),
      release: () => this.#release(share, held),
    };
  }

  #resize(share: Share, held: Held, bytes: number): void {
    if (!share.all.has(held)) return;
    this.#count(share, held, bytes);
    while (this.#bytes > this.#most) {
      const [most, first] = this.#next() ?? [];
      if (!most || !first) return;
      this.#release(most, first);
      first.giveWay();
    }
  }

  #release(share: Share, held: Held): void {
    // What is let go of twice must not take the share that others of its network have begun since.
    if (!share.all.delete(held)) return;
    this.#count(share, held, 0);
    share.slow.delete(held);
    if (share.all.size === 0) this.#shares.delete(held.network);
  }

  #count(share: Share, held: Held, bytes: number): void {
    const more = bytes - held.bytes;
    held.bytes = bytes;
    share.bytes += more;
    this.#bytes += more;
  }

  /** What is to give way next, if anything may. */
  #next(): [Share, Held] | undefined {
    for (const share of [...this.#shares.values()].sort((one, other) => other.bytes - one.bytes)) {
      for (const held of share.slow) if (held.mayGiveWay()) return [share, held];
    }
    return undefined;
  }
}
