/** Checks that every attack has a hole, and that the guard of every hole still exists. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { listedAttacks } from './attacks.ts';
import { opened } from './hole.ts';
import { HOLES } from './holes.ts';

describe('holes', () => {
  it('has one for each attack of docs/security.md, in its order', () => {
    const holes = [...HOLES].flatMap(([section, those]) => those.map(({ attack }) => `${section}: ${attack}`));
    const attacks = listedAttacks().map(({ section, name }) => `${section}: ${name}`);
    expect(attacks.filter((attack) => !holes.includes(attack))).to.eql([]);
    expect(holes.filter((hole) => !attacks.includes(hole))).to.eql([]);
    expect(holes).to.eql(attacks);
  });

  it('takes out a guard that stands once where it is said to stand', () => {
    for (const { edits } of [...HOLES.values()].flat()) {
      const sources = new Map<string, string>();
      for (const edit of edits) {
        const source = sources.get(edit.file) ?? readFileSync(edit.file, 'utf8');
        sources.set(edit.file, opened(source, edit));
      }
    }
  });
});
