import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { createGuessRecords } from '../../auth/accounts/guess-records.ts';
import { type Attempt, createGuessing, type Guessing } from '../../auth/accounts/guessing.ts';
import { networkOf } from '../../auth/accounts/network.ts';
import type { Engine } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import { LONGEST_WAIT } from '../../resources/pace/bounded-queue.ts';
import { runs } from '../harness/generated.ts';
import { openedWard } from './opened.ts';
import { rejectionOf } from './refusal.ts';

const QUARTER_HOUR = 15 * 60_000;
const DAY = 24 * 3600_000;
const HERE = { address: '192.0.2.1' };

describe('guessing', () => {
  let now = 1_000_000;
  let elapsed = 0;
  const ward = openedWard();
  let guessing: Guessing;

  const start = (): Guessing => {
    const clock = () => now;
    const records = createGuessRecords({ engine: ward().engine, clock, report: String });
    return createGuessing({ clock, records, elapsed: () => elapsed });
  };

  beforeEach(() => {
    now += 40 * DAY;
    guessing = start();
  });

  async function fail(times: number, account = 'Client/a', address = '192.0.2.1'): Promise<void> {
    for (let turn = 0; turn < times; turn += 1) await (await guessing.begin(account, { address })).failed();
  }

  /** Seconds until the next attempt; undefined where it is admitted now. */
  async function wait(account = 'Client/a', address = '192.0.2.1'): Promise<number | undefined> {
    try {
      (await guessing.begin(account, { address })).released();
      return undefined;
    } catch (error) {
      expect(error).to.be.instanceOf(Failure).and.include({ code: 'throttled' });
      return (error as Failure).retryAfter;
    }
  }

  async function succeed(account = 'Client/a', address = '192.0.2.1'): Promise<void> {
    await (await guessing.begin(account, { address })).succeeded();
  }

  const refused = (account = 'Client/a', address = '192.0.2.1') => rejectionOf(guessing.begin(account, { address }));

  it('the eleventh attempt after ten failures is refused until the first of them is 15 minutes old', async () => {
    await fail(1);
    now += 60_000;
    await fail(9);
    const error = await guessing.begin('Client/a', HERE).catch((thrown: unknown) => thrown);
    expect(error)
      .to.be.instanceOf(Failure)
      .and.include({ code: 'throttled', retryAfter: 14 * 60 });
    now += QUARTER_HOUR - 60_000;
    expect(await refused()).to.equal(undefined);
  });

  it('lockout as denial of service: the right password from elsewhere is not locked out', async () => {
    await fail(10);
    expect(await refused('Client/a', '192.0.2.2')).to.equal(undefined);
    expect(await refused('Client/b', '192.0.2.1')).to.equal(undefined);
  });

  it('an address has 100 failures, whatever the accounts', async () => {
    for (let account = 0; account < 100; account += 1) await fail(1, `Client/${account}`);
    expect(await refused('Client/new')).to.equal('throttled');
    expect(await refused('Client/new', '192.0.2.2')).to.equal(undefined);
  });

  it('what succeeded is not held against anyone', async () => {
    for (let turn = 0; turn < 30; turn += 1) (await guessing.begin('Client/a', HERE)).released();
    expect(await refused()).to.equal(undefined);
  });

  it('lockout dodged by parallel guesses: what is under way counts', async () => {
    const admitted: Attempt[] = [];
    const outcomes = Array.from({ length: 40 }, () =>
      guessing.begin('Client/a', HERE).then(
        (attempt) => admitted.push(attempt),
        (error: Failure) => error.code,
      ),
    );
    await until(() => admitted.length === 10);
    expect(admitted).to.have.length(10);
    await Promise.all(admitted.map((attempt) => attempt.failed()));
    await Promise.all(outcomes);
    expect(admitted).to.have.length(10);
  });

  it('parallel attempts that succeed all come through', async () => {
    const all = Array.from({ length: 40 }, async () => {
      const attempt = await guessing.begin('Client/a', HERE);
      await new Promise(setImmediate);
      attempt.released();
    });
    await Promise.all(all);
  });

  it('a crowd: who would wait too long for those before is refused as busy, and they are not', async () => {
    const admitted = await Promise.all(Array.from({ length: 10 }, () => guessing.begin('Client/a', HERE)));
    const waiting = guessing.begin('Client/a', HERE);
    // By then it has looked at what the other has.
    await succeed('Client/b');
    elapsed += LONGEST_WAIT - 1;
    expect(await refused()).to.equal('busy');
    for (const attempt of admitted) attempt.released();
    (await waiting).released();
    expect(await refused()).to.equal(undefined);
  });

  it('what a request has waited before is taken from what an attempt may wait', async () => {
    const admitted = await Promise.all(Array.from({ length: 10 }, () => guessing.begin('Client/a', HERE)));
    const waitedBefore = rejectionOf(guessing.begin('Client/a', { ...HERE, since: elapsed - LONGEST_WAIT }));
    const waiting = guessing.begin('Client/a', HERE);
    // By then both have looked at what the other has.
    await succeed('Client/b');
    elapsed += LONGEST_WAIT / 3;
    expect(await waitedBefore).to.equal('busy');
    for (const attempt of admitted) attempt.released();
    (await waiting).released();
  });

  it('each lock within a day is twice as long as the one before', async () => {
    for (const minutes of [15, 30, 60, 120]) {
      await fail(10);
      expect(await wait()).to.equal(minutes * 60);
      now += minutes * 60_000;
      expect(await wait(), `after ${minutes} minutes`).to.equal(undefined);
    }
    now += DAY;
    await fail(10);
    expect(await wait(), 'a day later').to.equal(15 * 60);
  });

  it('a known address is not locked out by guesses at others from there', async () => {
    await succeed('Client/a');
    for (let account = 0; account < 100; account += 1) await fail(1, `Client/${account}`);
    expect(await wait('Client/b')).to.equal(15 * 60);
    expect(await wait('Client/a')).to.equal(undefined);
    expect(await wait('Client/a', '192.0.2.2'), 'from another address').to.equal(undefined);
    await fail(10, 'Client/a');
    expect(await wait('Client/a'), 'guesses at itself').to.equal(15 * 60);
  });

  it('an address is known for a month, and its locks do not grow', async () => {
    await succeed();
    for (let round = 0; round < 3; round += 1) {
      now += 9 * DAY;
      for (let lock = 0; lock < 3; lock += 1) {
        await fail(10);
        expect(await wait()).to.equal(15 * 60);
        now += QUARTER_HOUR;
      }
    }
    now += 4 * DAY;
    await fail(10);
    now += QUARTER_HOUR;
    await fail(10);
    expect(await wait()).to.equal(30 * 60);
  });

  it('a restart forgets nothing, and what says nothing any more is swept', async () => {
    await succeed('Client/c');
    await fail(7);
    guessing = start();
    await fail(3);
    guessing = start();
    expect(await wait()).to.equal(15 * 60);
    now += 31 * DAY;
    await fail(1);
    for (const [table, left] of [
      ['failed_attempt', 1],
      ['known_address', 0],
    ] as const) {
      expect(await ward().database.queries.all(`SELECT * FROM ${table}`)).to.have.length(left);
    }
  });

  it('what was typed for a name is not stored', async () => {
    await fail(1, 'login/my-password');
    await succeed('login/my-password');
    for (const table of ['failed_attempt', 'known_address']) {
      expect(JSON.stringify(await ward().database.queries.all(`SELECT * FROM ${table}`))).to.not.match(/my-password/);
    }
  });

  it('a flood of failures is one job of the write queue at a time', async () => {
    let jobs = 0;
    const engine = new Proxy(ward().engine, {
      get: (target, name: keyof Engine) => {
        if (name === 'transact') jobs += 1;
        const member: unknown = target[name];
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    const records = createGuessRecords({ engine, clock: () => now, report: String });
    await Promise.all(
      Array.from({ length: 500 }, (_, at) => records.fail({ pair: `p${at}`, network: 'flood', at: now })),
    );
    expect(jobs).to.be.at.most(2);
    expect(await records.failures('network', 'flood')).to.have.length(500);
  });

  it('no interleaving lets more than ten failures through in 15 minutes', async () => {
    const step = fc.record({
      wait: fc.nat(QUARTER_HOUR),
      fails: fc.boolean(),
      parallel: fc.integer({ min: 1, max: 15 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        now += 2 * DAY;
        const guard = start();
        const failures: number[] = [];
        for (const { wait, fails, parallel } of steps) {
          now += wait;
          const attempts = Array.from({ length: parallel }, async () => {
            const attempt = await guard.begin('a', HERE);
            await new Promise(setImmediate);
            if (fails) failures.push(now);
            if (fails) await attempt.failed();
            else attempt.released();
          });
          await Promise.allSettled(attempts);
        }
        for (const at of failures) {
          expect(failures.filter((other) => other >= at && other < at + QUARTER_HOUR)).to.have.length.at.most(10);
        }
      }),
      runs(300),
    );
  });

  for (const [address, network] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:ffff::2', '2001:db8:0:0::/64'],
    ['2001:0db8:0000:0001:1:2:3:4', '2001:db8:0:1::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ] as const) {
    it(`counts ${address} as ${network}`, () => expect(networkOf(address)).to.equal(network));
  }
});

/** Waits for what other attempts do, turn by turn. */
async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100_000 && !condition(); turn += 1) await new Promise(setImmediate);
}
