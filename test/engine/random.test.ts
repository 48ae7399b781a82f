import { expect } from 'chai';
import { drawnRandom } from '../../resources/random.ts';

describe('Random bytes that are drawn many at a time', () => {
  it('are as many as were asked for, and never the same ones again', () => {
    const random = drawnRandom();
    const seen = new Set<string>();
    for (let turn = 0; turn < 500; turn += 1) {
      // Now and then more than is drawn at a time, or than is left of it.
      const size = [16, 32, 9, 1000, 5000][turn % 5] ?? 16;
      const bytes = random(size);
      expect(bytes).to.have.length(size);
      for (let at = 0; at + 8 <= size; at += 8) seen.add(bytes.toString('hex', at, at + 8));
    }
    expect(seen.size).to.equal(100 * (2 + 4 + 1 + 125 + 625));
  });

  it('belong to whoever asked: what becomes of them changes none that come later', () => {
    const random = drawnRandom();
    random(16).fill(0);
    expect(random(16).equals(Buffer.alloc(16))).to.equal(false);
  });
});
