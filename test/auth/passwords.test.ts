import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createPasswords } from '../../auth/accounts/passwords.ts';
import { Failure } from '../../resources/errors.ts';
import { LONGEST_WAIT } from '../../resources/pace/bounded-queue.ts';
import { rejectionOf } from './refusal.ts';

const GUESSES = 4;
const ROUNDS = 4;

type Guess = (secret: string) => Promise<boolean>;

/**
 * Microseconds of work that some wrong guesses take: unlike time, others do not add to it. It is the whole of it: how
 * much of that was the system's part, the system tells by ticks, which are too few for this.
 */
async function work(guess: Guess): Promise<number> {
  const started = process.cpuUsage();
  for (let turn = 0; turn < GUESSES; turn += 1) await guess(`wrong ${turn}`);
  const { user, system } = process.cpuUsage(started);
  return user + system;
}

/** The least work of two kinds of guesses, measured in turn: a core that is shared makes some of it look like more. */
async function leastWork(one: Guess, other: Guess): Promise<[number, number]> {
  const least: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round += 1) {
    least[0] = Math.min(least[0], await work(one));
    least[1] = Math.min(least[1], await work(other));
  }
  return least;
}

/** True where a call needs no thread: it is done before anything else can come in. */
async function isDoneAtOnce(call: () => Promise<unknown>): Promise<boolean> {
  let done = false;
  const running = call().then(() => {
    done = true;
  });
  for (let turn = 0; turn < 100; turn += 1) await undefined;
  const atOnce = done;
  await running;
  return atOnce;
}

describe('passwords', () => {
  let now = 0;
  let elapsed = 0;
  const passwords = createPasswords({ clock: () => now, random: randomBytes, elapsed: () => elapsed });

  it('are hashed with argon2id, 19 MiB, two passes, one lane', async () => {
    const hash = await passwords.hash('verysecret');
    expect(hash).to.match(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await passwords.match('verysecret', [hash])).to.equal(hash);
    expect(await passwords.match('Verysecret', [hash])).to.equal(undefined);
    expect(await passwords.match('verysecret', ['not a hash'])).to.equal(undefined);
  });

  it('a verified one is remembered for a minute', async () => {
    const hash = await passwords.hash('a');
    const compare = () => passwords.matches('Client/a', 'a', [hash]);
    expect(await isDoneAtOnce(compare)).to.equal(false);
    expect(await isDoneAtOnce(compare)).to.equal(true);
    now += 60_000;
    expect(await isDoneAtOnce(compare)).to.equal(false);
  });

  it('a change of the credential drops what was remembered', async () => {
    const [old, next] = [await passwords.hash('old'), await passwords.hash('next')];
    expect(await passwords.matches('Client/b', 'old', [old])).to.equal(true);
    expect(await passwords.matches('Client/b', 'old', [next])).to.equal(false);
    expect(await passwords.matches('Client/b', 'old', [])).to.equal(false);
  });

  it('what one account proved, another has not', async () => {
    const hash = await passwords.hash('shared');
    expect(await passwords.matches('Client/c', 'shared', [hash])).to.equal(true);
    expect(await passwords.matches('Client/d', 'shared', [])).to.equal(false);
  });

  it('any of several live secrets is right', async () => {
    const one = await passwords.hash('one');
    for (const two of [await passwords.hash('two', [one]), await passwords.hash('two')]) {
      expect(await passwords.matches('Client/e', 'two', [one, two])).to.equal(true);
      expect(await passwords.matches('Client/e', 'one', [two, one])).to.equal(true);
      expect(await passwords.matches('Client/e', 'three', [one, two])).to.equal(false);
    }
    expect(await passwords.hash('one', [one]), 'made the same way').to.equal(one);
    expect(await passwords.hash('one')).to.not.equal(one);
  });

  it('how many live secrets an account has does not show in the work', async () => {
    const hashes = [await passwords.hash('first')];
    while (hashes.length < 4) hashes.push(await passwords.hash(`next ${hashes.length}`, hashes));
    const [single, several] = await leastWork(
      (secret) => passwords.matches('Client/i', secret, hashes.slice(0, 1)),
      (secret) => passwords.matches('Client/j', secret, hashes),
    );
    expect(several).to.be.within(single / 2, single * 2);
  });

  it('a secret that was taken from several is not remembered', async () => {
    const one = await passwords.hash('one');
    const both = [one, await passwords.hash('two', [one])];
    expect(await passwords.matches('Client/k', 'two', both)).to.equal(true);
    expect(await passwords.matches('Client/k', 'two', [one])).to.equal(false);
  });

  it('timing of unknown client and user: an unknown account costs what a known one does', async () => {
    const hash = await passwords.hash('known');
    const [known, unknown] = await leastWork(
      (secret) => passwords.matches('Client/f', secret, [hash]),
      (secret) => passwords.matches('Client/g', secret, []),
    );
    expect(unknown).to.be.within(known / 3, known * 3);
  });

  it('run one at a time behind a queue of 50, and then are refused as busy', async () => {
    const all = Array.from({ length: 60 }, () => passwords.hash('x'));
    const outcomes = await Promise.all(all.map(rejectionOf));
    expect(outcomes.filter((code) => code === undefined)).to.have.length(51);
    expect(outcomes.filter((code) => code === 'busy')).to.have.length(9);
    expect(await rejectionOf(passwords.hash('y'))).to.equal(undefined);
  });

  it('whose turn comes too late is refused as busy, and the next is served', async () => {
    const both = [passwords.hash('in time'), passwords.hash('late')].map(rejectionOf);
    await new Promise(setImmediate);
    elapsed += LONGEST_WAIT;
    expect(await Promise.all(both)).to.deep.equal([undefined, 'busy']);
    expect(await rejectionOf(passwords.hash('next'))).to.equal(undefined);
  });

  it('a refusal says when to try again', async () => {
    const all = Array.from({ length: 52 }, () => passwords.hash('x'));
    const [last] = (await Promise.allSettled(all)).flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    expect(last).to.be.instanceOf(Failure);
    expect((last as Failure).retryAfter).to.be.greaterThan(0);
  });

  it('the same comparison asked for by many at once is made once', async () => {
    const hash = await passwords.hash('together');
    const all = Array.from({ length: 200 }, () => passwords.matches('Client/h', 'together', [hash]));
    expect(new Set(await Promise.all(all))).to.deep.equal(new Set([true]));
  });
});
