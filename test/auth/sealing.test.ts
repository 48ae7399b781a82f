import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createSeal, SealError } from '../../auth/keys/sealing.ts';

describe('sealing', () => {
  const seal = createSeal({ secret: 'a-secret-of-the-operator', previous: undefined }, randomBytes);

  /** What opening gives, or the name of what it throws. */
  const opened = (name: string, stored: string) =>
    seal.open(name, stored).then(
      ({ text }) => text,
      (error: unknown) => (error instanceof SealError ? 'refused' : error),
    );

  it('what is closed opens, is never the same twice, and tells nothing', async () => {
    const [one, other] = [await seal.close('row', 'private'), await seal.close('row', 'private')];
    expect(one).to.not.equal(other);
    expect(Buffer.from(one, 'base64url').toString('latin1')).to.not.include('private');
    expect(await opened('row', one)).to.equal('private');
    expect(await seal.open('row', other)).to.eql({ text: 'private', current: true });
  });

  it('a row put in the place of another does not open', async () => {
    expect(await opened('another row', await seal.close('row', 'private'))).to.equal('refused');
  });

  it('a row that was changed does not open', async () => {
    const parts = (await seal.close('row', 'private')).split('.');
    for (let at = 2; at < parts.length; at += 1) {
      const changed = Buffer.from(parts[at] ?? '', 'base64url');
      changed[0] = (changed[0] ?? 0) ^ 1;
      expect(await opened('row', parts.with(at, changed.toString('base64url')).join('.')), `part ${at}`).to.equal(
        'refused',
      );
    }
    expect(await opened('row', parts.slice(0, -1).join('.'))).to.equal('refused');
    // A shorter tag is easier to guess.
    const short = Buffer.from(parts.at(-1) ?? '', 'base64url')
      .subarray(0, 4)
      .toString('base64url');
    expect(await opened('row', parts.with(-1, short).join('.'))).to.equal('refused');
  });
});
