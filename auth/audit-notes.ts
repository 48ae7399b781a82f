import type { AuditRecord, Occurrences } from './audit-event.ts';
import { networkOf } from './network.ts';

/** A record as it is noted. */
export interface AuditNote extends AuditRecord {
  /**
   * What a request says of itself: told only where it is there, since anything in it may be a secret that was put into
   * the wrong place.
   */
  claimed?: Claims;
}

/** What a request says of itself. */
export interface Claims {
  /** A Client's id. */
  client?: string | undefined;
  /** A User's id, name or email. */
  login?: string | undefined;
  /** The resource that was asked for: `Type/id`, of a type that is served. */
  what?: string | undefined;
}

/** What was noted, and how often. */
export interface Noted extends Occurrences {
  note: AuditNote;
}

/** What is noted between two flushes: what goes beyond is counted. Whoever is refused cannot crowd out the others. */
const MOST_REFUSED = 500;
const MOST_OTHERS = 10_000;

/**
 * What was noted and is not written yet. Equal refusals, by the same account and network, are one with a count, so that
 * a flood of them fills neither memory nor disk.
 */
export class Notes {
  #refusals = new Map<string, Noted>();
  #others: Noted[] = [];

  /** How many there are that are no refusals: what went well is told one by one, since it is somebody's. */
  get others(): number {
    return this.#others.length;
  }

  add(event: Noted): void {
    if (isRefusal(event.note)) this.#count(event);
    else if (this.#others.length >= MOST_OTHERS) this.#count({ ...event, note: OVERFLOW });
    else this.#others.push(event);
  }

  /** Takes all that are no refusals. */
  takeOthers(): Noted[] {
    const others = this.#others;
    this.#others = [];
    return others;
  }

  takeAll(): Noted[] {
    const refusals = [...this.#refusals.values()];
    this.#refusals = new Map();
    return [...this.takeOthers(), ...refusals];
  }

  #count(event: Noted): void {
    const key = keyOf(event.note);
    const known = this.#refusals.get(key);
    if (known) {
      known.count += event.count;
      known.first = Math.min(known.first, event.first);
      known.last = Math.max(known.last, event.last);
    } else if (this.#refusals.size < MOST_REFUSED || key === OVERFLOW_KEY) {
      this.#refusals.set(key, { ...event });
    } else {
      this.#count({ ...event, note: OVERFLOW });
    }
  }
}

const OVERFLOW: AuditNote = { kind: 'overflow', outcome: '8' };
const OVERFLOW_KEY = keyOf(OVERFLOW);

/** What ended a Session is told by itself, however serious: there is no more of it than there are Sessions. */
function isRefusal({ kind, outcome }: AuditNote): boolean {
  return outcome !== '0' && kind !== 'token-revoked';
}

/** What makes refusals equal: not which resource exactly was asked for, which a caller can vary for ever. */
function keyOf(note: AuditNote): string {
  const { address, claimed = {}, ...rest } = note;
  return JSON.stringify([rest, claimed.client, claimed.login, networkOf(address ?? '')]);
}
