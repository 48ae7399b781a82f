import { expect } from 'chai';
import { describe, it } from 'mocha';
import { shortened } from './report.ts';

describe('what is told of a failure', () => {
  it('has each line cut where it is too long to be read, and says how long it was', () => {
    const told = shortened(`Property failed\nCounterexample: ${'x'.repeat(100_000)}\n  at a line`).split('\n');
    expect(told.map((line) => line.slice(0, 16))).to.eql(['Property failed', 'Counterexample: ', '  at a line']);
    expect(told[1]).to.match(/x… \(100016 characters\)$/);
    expect(told[1]?.length).to.be.below(2100);
  });
});
