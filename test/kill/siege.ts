/** Kills servers on one database under load, one after the other, and checks what is stored. */
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type { TestDatabase } from '../harness/database.ts';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';
import { checkIndex, historyOf, reconcile } from './inspection.ts';
import { create, type Ledger, logIn, transact, write } from './writers.ts';

const WRITERS = 12;
const CREATORS = ['a', 'b', 'c', 'd'];
/** Tokens are valid for their issuer only, which must not change with the port of the next server. */
const ENV = { BASE_URL: 'http://ward.example' };
/** Rounds before the writers start new resources: an ever-growing history cannot be compared completely. */
const ROUNDS_OF_A_WRITER = 10;

export class Siege {
  /** The numbers of answered writes and tokens, and of writes pending at a kill, stored or not. */
  readonly counts = { kills: 0, answered: 0, pending: 0, pendingStored: 0, tokens: 0 };
  readonly #database: TestDatabase;
  readonly #all: Ledger[] = [];
  #server: TestServer | undefined;
  #changing: Ledger[] = [];

  constructor(database: TestDatabase) {
    this.#database = database;
  }

  async start(): Promise<void> {
    this.#server = await startServer({ database: this.#database, env: ENV });
  }

  /**
   * Kills the server during writes, at one of many points, starts another and compares. Rejects if an answered write or
   * token was lost.
   */
  async kill(round: number, point = round): Promise<void> {
    if ((round - 1) % ROUNDS_OF_A_WRITER === 0) this.#changing = this.#add(WRITERS, (at) => `w${round}-${at}`);
    const server = this.#running();
    const fresh: Ledger[] = [];
    const pairs: Ledger[][] = [];
    const tokens: string[] = [];
    const before = this.#answered(fresh);
    const over = Promise.all([
      ...this.#changing.map((ledger) => write(server, ledger)),
      ...CREATORS.map((name) => create(server, `r${round}${name}`, fresh)),
      transact(server, `t${round}`, pairs),
      logIn(server, tokens),
    ]);
    let isOver = false;
    over
      .finally(() => {
        isOver = true;
      })
      .catch(() => undefined);
    // Each point has another number of answered writes, and never none.
    const enough = before + 24 + 11 * (1 + (point % 10));
    while (this.#answered(fresh) < enough && !isOver) await wait(1);
    // The last answer has just been seen. A commit takes a while, so this delay makes some kills hit the end of the
    // next.
    await wait((point * 7) % 23);
    await server.kill();
    await over;
    fresh.push(...pairs.flat());
    const ledgers = [...this.#changing, ...fresh];
    this.#count(ledgers, this.#answered(fresh) - before);
    await this.start();
    const stored = sumOf(ledgers);
    await Promise.all(ledgers.map((ledger) => reconcile(this.#running(), ledger)));
    this.counts.pendingStored += sumOf(ledgers) - stored;
    for (const pair of pairs)
      expect(new Set(pair.map(({ answered }) => answered.length)).size, pair[0]?.id).to.equal(1);
    await checkIndex(this.#running(), ledgers);
    await this.#checkTokens(tokens);
    this.#all.push(...fresh);
  }

  /** Checks that everything stored after its own kill is still there, and nothing else. */
  async checkAll(): Promise<void> {
    for (const ledger of this.#all) expect(await historyOf(this.#running(), ledger.id)).to.eql(ledger.answered);
    const stored = this.#all.filter(({ answered }) => answered.length > 0).length;
    const reply = await this.#running().request('GET', '/Patient?_total=accurate&_count=1', { as: asRoot });
    expect(reply.at('total')).to.equal(stored);
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  /** Checks that each issued token still works, so its Session is stored. */
  async #checkTokens(tokens: readonly string[]): Promise<void> {
    for (const bearer of tokens) {
      const reply = await this.#running().request('GET', '/Patient?_summary=count', { as: { bearer } });
      expect(reply.status, reply.text).to.equal(200);
    }
    this.counts.tokens += tokens.length;
  }

  #running(): TestServer {
    if (!this.#server) throw new Error('start comes first');
    return this.#server;
  }

  #add(count: number, name: (at: number) => string): Ledger[] {
    const ledgers = Array.from({ length: count }, (_, at): Ledger => {
      return { id: name(at), answered: [], pending: undefined };
    });
    this.#all.push(...ledgers);
    return ledgers;
  }

  #answered(fresh: Ledger[]): number {
    return sumOf([...this.#changing, ...fresh]);
  }

  #count(ledgers: Ledger[], answered: number): void {
    this.counts.kills += 1;
    this.counts.answered += answered;
    this.counts.pending += ledgers.filter(({ pending }) => pending !== undefined).length;
  }
}

function sumOf(ledgers: Ledger[]): number {
  return ledgers.reduce((sum, { answered }) => sum + answered.length, 0);
}
