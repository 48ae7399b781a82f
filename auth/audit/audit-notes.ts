import { networkOf } from '../accounts/network.ts';
import type { AuditRecord, Occurrences } from './audit-event.ts';

/** An event as it is noted in memory. */
export interface AuditNote extends AuditRecord {
  /** What a request claims. Recorded only if it exists, since any of it may be a secret in the wrong place. */
  claimed?: Claims;
}

/** What a request claims, unverified. */
export interface Claims {
  /** A Client's id. */
  client?: string | undefined;
  /** A User's id, name or email. */
  login?: string | undefined;
  /** The requested resource: `Type/id`, of a known type. */
  what?: string | undefined;
}

/** What was noted, and how often. */
export interface Noted extends Occurrences {
  note: AuditNote;
}

/** One event for several resources, with the count of each. */
interface Grouped extends Noted {
  each: Map<string, number>;
}

/**
 * The most entries noted between two flushes; further ones are only counted. Refusals have their own limit, so that
 * they cannot crowd out the others.
 */
const MOST_REFUSED = 500;
const MOST_OTHERS = 10_000;
/** The most claimed names recorded for the refusals of one network: a caller can make up any number of them. */
const MOST_CLAIMED = 50;
/** The most Sessions in one event. */
const MOST_TOGETHER = 100;

/**
 * Events that are noted and not yet written. Equal refusals, by the same account and network, become one with a count,
 * so that a flood of them fills neither memory nor disk. Tokens that a Client obtained for itself become one event with
 * all their Sessions, since a Client may request many. All other events concern a person and are recorded individually.
 */
export class Notes {
  #refusals = new Map<string, Noted>();
  /** The number of refusals with claimed names, by network. */
  #claims = new Map<string, number>();
  #others: Noted[] = [];
  #ofClients = new Map<string, Grouped>();
  #happened = 0;

  /** The number of noted events that are not refusals. */
  get others(): number {
    return this.#happened;
  }

  add(event: Noted): void {
    if (isRefusal(event.note)) this.#sum(event);
    else if (this.#happened >= MOST_OTHERS) this.#sum({ ...event, note: OVERFLOW });
    else {
      this.#happened += event.count;
      if (isOfClientAlone(event.note)) this.#group(event);
      else this.#others.push(event);
    }
  }

  /** Takes all events that are not refusals. */
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

  #group(event: Noted): void {
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

/** Returns the network of a request that claims a name; undefined if it claims none. */
function claimant({ claimed: { client, login } = {}, address = '' }: AuditNote): string | undefined {
  return client === undefined && login === undefined ? undefined : networkOf(address);
}

/** Adds occurrences to those of a known event. */
export function include(known: Occurrences, { count, first, last }: Occurrences): void {
  known.count += count;
  known.first = Math.min(known.first, first);
  known.last = Math.max(known.last, last);
}

const OVERFLOW: AuditNote = { kind: 'overflow', outcome: '8' };
const OVERFLOW_KEY = keyOf(OVERFLOW);

/** Returns true for a refusal. The end of a Session is none, however serious: it can happen only once per Session. */
export function isRefusal({ kind, outcome }: AuditRecord): boolean {
  return outcome !== '0' && kind !== 'token-revoked';
}

/** Returns true for a token that a Client obtained with its own credentials, without a person. */
function isOfClientAlone({ kind, user }: AuditNote): boolean {
  return kind === 'token-issued' && user === undefined;
}

/** Returns the key of equal refusals. It leaves out the exact resource, which a caller can vary endlessly. */
export function keyOf(note: AuditNote): string {
  const { address, claimed = {}, ...rest } = note;
  return JSON.stringify([rest, claimed.client, claimed.login, networkOf(address ?? '')]);
}
