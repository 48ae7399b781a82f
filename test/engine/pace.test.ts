/** Long work is done piece by piece: a turn of the event loop has as many pieces as there is time for. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { Pace } from '../../resources/pace/pace.ts';

/** Longer than what a turn has for long work. */
const LONG = 15;

function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe('pace', () => {
  it('has something else between two long pieces that are begun at the same moment', async () => {
    const pace = new Pace();
    const done: string[] = [];
    const piece = async (name: string, waits: () => Promise<void> | undefined) => {
      await waits();
      work(LONG);
      done.push(name);
    };
    setImmediate(() => done.push('else'));
    await Promise.all([
      piece('begun', pace.yieldTurn),
      piece('asked', () => pace.begin()),
      piece('begun', pace.yieldTurn),
    ]);
    expect(done).to.deep.equal(['begun', 'else', 'begun', 'asked']);
    expect(pace.waiting).to.equal(0);
  });

  it('does short pieces of one body in the same turn', async () => {
    const pace = new Pace();
    let turns = 0;
    const count = () => {
      turns += 1;
      counting = setImmediate(count);
    };
    let counting = setImmediate(count);
    for (let each = 0; each < 1000; each += 1) await pace.yieldTurn();
    clearImmediate(counting);
    // A busy machine may take it off the processor for longer than a turn has.
    expect(turns).to.be.below(100);
  });
});
