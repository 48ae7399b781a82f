import { networkOf } from '../accounts/network.ts';
import type { AuditRecord, Occurrences } from './audit-event.ts';

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

/** What is told together, by what it was done to. */
interface Gathered extends Noted {
  each: Map<string, number>;
}

/** What is noted between two flushes: what goes beyond is counted. Whoever is refused cannot crowd out the others. */
const MOST_REFUSED = 500;
const MOST_OTHERS = 10_000;
/** Of how many names that refused requests of one network claim it is noted which: they may be any, and of nobody. */
const MOST_CLAIMED = 50;
/** Of how many Sessions one event tells. */
const MOST_TOGETHER = 100;

/**
 * What was noted and is not written yet. Equal refusals, by the same account and network, are one with a count, so that
 * a flood of them fills neither memory nor disk. Tokens that a Client got for itself are one with all their Sessions,
 * since a Client may ask for many. All else is told one by one, since it is somebody's.
 */
export class Notes {
  #refusals = new Map<string, Noted>();
  /** How many of them claim a name, by their networks. */
  #claims = new Map<string, number>();
  #others: Noted[] = [];
  #ofClients = new Map<string, Gathered>();
  #happened = 0;

  /** How often something happened that was no refusal. */
  get others(): number {
    return this.#happened;
  }

  add(event: Noted): void {
    if (isRefusal(event.note)) this.#sum(event);
    else if (this.#happened >= MOST_OTHERS) this.#sum({ ...event, note: OVERFLOW });
    else {
      this.#happened += event.count;
      if (isOfClientAlone(event.note)) this.#gather(event);
      else this.#others.push(event);
    }
  }

  /** Takes all that are no refusals. */
  takeOthers(): Noted[] {
    const others = [...this.#others, ...this.#ofClients.values()];
    this.#others = [];
    this.#ofClients = new Map();
    this.#happened = 0;
    return others;
  }

  takeAll(): Noted[] {
    const refusals = [...this.#refusals.values()];
    this.#refusals = new Map();
    this.#claims = new Map();
    return [...this.takeOthers(), ...refusals];
  }

  #gather(event: Noted): void {
    const { client, address, asked, what = '' } = event.note;
    const { each = new Map([[what, event.count]]) } = event;
    const key = JSON.stringify([client, address, asked]);
    const known = this.#ofClients.get(key);
    if (known && known.each.size < MOST_TOGETHER) {
      include(known, event);
      for (const [one, times] of each) known.each.set(one, (known.each.get(one) ?? 0) + times);
    } else {
      if (known) this.#others.push(known);
      this.#ofClients.set(key, { ...event, each: new Map(each) });
    }
  }

  #sum(event: Noted): void {
    const { note } = event;
    const key = keyOf(note);
    const known = this.#refusals.get(key);
    const claimed = claimant(note);
    const claims = claimed === undefined ? 0 : (this.#claims.get(claimed) ?? 0);
    if (known) include(known, event);
    else if (claims >= MOST_CLAIMED) this.#sum({ ...event, note: { ...note, claimed: {} } });
    else if (this.#refusals.size < MOST_REFUSED || key === OVERFLOW_KEY) {
      this.#refusals.set(key, { ...event });
      if (claimed !== undefined) this.#claims.set(claimed, claims + 1);
    } else this.#sum({ ...event, note: OVERFLOW });
  }
}

/** The network of a request that claims a name; undefined for one that claims none. */
function claimant({ claimed: { client, login } = {}, address = '' }: AuditNote): string | undefined {
  return client === undefined && login === undefined ? undefined : networkOf(address);
}

/** Adds how often something happened to what is known of it. */
export function include(known: Occurrences, { count, first, last }: Occurrences): void {
  known.count += count;
  known.first = Math.min(known.first, first);
  known.last = Math.max(known.last, last);
}

const OVERFLOW: AuditNote = { kind: 'overflow', outcome: '8' };
const OVERFLOW_KEY = keyOf(OVERFLOW);

/** What ended a Session is told by itself, however serious: there is no more of it than there are Sessions. */
export function isRefusal({ kind, outcome }: AuditRecord): boolean {
  return outcome !== '0' && kind !== 'token-revoked';
}

/** A token that a Client got by its own credentials: no person had to do with it. */
function isOfClientAlone({ kind, user }: AuditNote): boolean {
  return kind === 'token-issued' && user === undefined;
}

/** What makes refusals equal: not which resource exactly was asked for, which a caller can vary for ever. */
export function keyOf(note: AuditNote): string {
  const { address, claimed = {}, ...rest } = note;
  return JSON.stringify([rest, claimed.client, claimed.login, networkOf(address ?? '')]);
}
