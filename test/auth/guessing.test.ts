import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { type Attempt, createGuessing, type Guessing, networkOf } from '../../auth/guessing.ts';
import { Failure } from '../../resources/errors.ts';
import { runs } from '../harness/generated.ts';
import { rejectionOf } from './refusal.ts';

const QUARTER_HOUR = 15 * 60_000;

describe('guessing', () => {
  let now = 0;
  let guessing: Guessing;

  beforeEach(() => {
    now = 1_000_000;
    guessing = createGuessing({ clock: () => now });
  });

  async function fail(times: number, account = 'Client/a', address = '192.0.2.1'): Promise<void> {
    for (let turn = 0; turn < times; turn += 1) (await guessing.begin(account, address)).failed();
  }

  const refused = (account = 'Client/a', address = '192.0.2.1') => rejectionOf(guessing.begin(account, address));

  it('the eleventh attempt after ten failures is refused until the first of them is 15 minutes old', async () => {
    await fail(1);
    now += 60_000;
    await fail(9);
    const error = await guessing.begin('Client/a', '192.0.2.1').catch((thrown: unknown) => thrown);
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
    for (let turn = 0; turn < 30; turn += 1) (await guessing.begin('Client/a', '192.0.2.1')).released();
    expect(await refused()).to.equal(undefined);
  });

  it('lockout dodged by parallel guesses: what is under way counts', async () => {
    const admitted: Attempt[] = [];
    const outcomes = Array.from({ length: 40 }, () =>
      guessing.begin('Client/a', '192.0.2.1').then(
        (attempt) => admitted.push(attempt),
        (error: Failure) => error.code,
      ),
    );
    await new Promise(setImmediate);
    expect(admitted).to.have.length(10);
    for (const attempt of admitted) attempt.failed();
    await Promise.all(outcomes);
    expect(admitted).to.have.length(10);
  });

  it('parallel attempts that succeed all come through', async () => {
    const all = Array.from({ length: 40 }, async () => {
      const attempt = await guessing.begin('Client/a', '192.0.2.1');
      await new Promise(setImmediate);
      attempt.released();
    });
    await Promise.all(all);
  });

  it('no interleaving lets more than ten failures through in 15 minutes', async () => {
    const step = fc.record({
      wait: fc.nat(QUARTER_HOUR),
      fails: fc.boolean(),
      parallel: fc.integer({ min: 1, max: 15 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        let time = 0;
        const guard = createGuessing({ clock: () => time });
        const failures: number[] = [];
        for (const { wait, fails, parallel } of steps) {
          time += wait;
          const attempts = Array.from({ length: parallel }, async () => {
            const attempt = await guard.begin('a', '192.0.2.1');
            await new Promise(setImmediate);
            if (fails) failures.push(time);
            if (fails) attempt.failed();
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
