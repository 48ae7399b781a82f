import { networkOf } from '../../auth/accounts/network.ts';

/** Maximum bytes per process held for slow clients, for each kind of data. */
export const MOST_HELD = 64 * 1024 * 1024;

/** The bytes held for one client. */
export interface Holding {
  /** Sets the current number of bytes. */
  resize(bytes: number): void;
  /** The client is done: the bytes stay until they are released, and can no longer be evicted. */
  settle(): void;
  /** Frees the bytes; later calls have no effect. */
  release(): void;
}

interface Held {
  bytes: number;
  network: string;
  giveWay(): void;
  mayGiveWay(): boolean;
}

/** The bytes held for the clients of one network. */
interface Share {
  bytes: number;
  all: Set<Held>;
  /** Those that may be evicted, oldest first. */
  slow: Set<Held>;
}

/**
 * Limits the bytes held for slow clients. Over the limit, the oldest evictable holding of the network that holds most
 * is evicted, so that one client with many connections cannot evict those of others.
 */
export class HeldBytes {
  readonly #most: number;
  readonly #shares = new Map<string, Share>();
  #bytes = 0;

  constructor(most = MOST_HELD) {
    this.#most = most;
  }

  /** How many bytes are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Starts a holding of zero bytes for a client at an address. On eviction `giveWay` is called, at most once, and must
   * end the request. `mayGiveWay` is asked each time the limit is exceeded.
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
    // A second release must not delete the share if its network has begun another.
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

  /** Returns the next holding to evict, if there is one. */
  #next(): [Share, Held] | undefined {
    for (const share of [...this.#shares.values()].sort((one, other) => other.bytes - one.bytes)) {
      for (const held of share.slow) if (held.mayGiveWay()) return [share, held];
    }
    return undefined;
  }
}
