/** What the tokens of one Session are good for, by the contract alone: nothing here knows how Ward keeps them. */

/** Milliseconds that tokens live for: what the Clients of these tests say. */
export const ACCESS_MS = 1_000_000;
export const REFRESH_MS = 3_000_000;
const RETRY_MS = 10_000;

/** What a token endpoint gave. */
export interface Given {
  access: string;
  refresh: string;
}

/** What a refresh has to give: new tokens, the same as before, or nothing. */
export type Outcome = 'next' | 'same' | 'refused';

export interface Token {
  text: string;
  use: 'access' | 'refresh';
}

export class ModelSession {
  readonly id: string;
  readonly client: string;
  readonly user: string | undefined;
  /** The authorization code that it was begun with. */
  readonly code: string | undefined;
  /** Every token that was ever given. */
  readonly known: Token[] = [];
  over = false;
  current: Given;
  /** True while nobody has used the access token that came with a new refresh token. */
  unused = false;
  #accessUntil = 0;
  #refreshUntil = 0;
  #generation = 0;
  readonly #spent = new Map<string, { generation: number; at: number }>();

  constructor(of: { id: string; client: string; user?: string; code?: string }, given: Given, now: number) {
    this.id = of.id;
    this.client = of.client;
    this.user = of.user;
    this.code = of.code;
    this.current = given;
    this.#give(given, now);
  }

  /** Whether a token is good. */
  works({ text, use }: Token, now: number): boolean {
    if (this.over || text !== this.current[use]) return false;
    return now < (use === 'access' ? this.#accessUntil : this.#refreshUntil);
  }

  /** What a refresh token gives at a moment; one that was spent before may end the Session. */
  refresh(text: string, now: number): Outcome {
    if (this.works({ text, use: 'refresh' }, now)) return 'next';
    const spent = this.#spent.get(text);
    if (!spent || this.over) return 'refused';
    if (spent.generation === this.#generation && this.unused && now - spent.at <= RETRY_MS) return 'same';
    this.over = true;
    return 'refused';
  }

  /** Takes new tokens: after a refresh that rotated the refresh token, or that kept it. */
  advance(given: Given, rotated: boolean, now: number): void {
    this.#generation += 1;
    if (rotated) this.#spent.set(this.current.refresh, { generation: this.#generation, at: now });
    this.unused = rotated;
    this.#give(given, now);
  }

  #give(given: Given, now: number): void {
    this.current = given;
    this.#accessUntil = now + ACCESS_MS;
    this.#refreshUntil = now + REFRESH_MS;
    for (const use of ['access', 'refresh'] as const) {
      if (!this.known.some(({ text }) => text === given[use])) this.known.push({ text: given[use], use });
    }
  }
}
