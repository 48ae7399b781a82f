/** The parts of bulk commands: lines of any length, work with room for so much, and a line that tells how far it is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { linesOf } from '../../commands/lines.ts';
import { Progress } from '../../commands/progress.ts';
import { InFlight } from '../../resources/pace/in-flight.ts';
import { runs } from '../harness/generated.ts';

describe('commands: lines of a file', () => {
  const read = async (text: string | Buffer, longest: number) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ward-lines-'));
    const file = path.join(folder, 'lines');
    writeFileSync(file, text);
    const lines: (string | undefined)[] = [];
    let end = 0;
    for await (const line of linesOf(file, longest)) {
      lines.push(line.bytes?.toString());
      expect(line.number).to.equal(lines.length);
      expect(line.end).to.be.greaterThan(end - 1);
      end = line.end;
    }
    rmSync(folder, { recursive: true });
    return { lines, end };
  };

  it('are those of the text, and too long ones are left out', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'é', '{') })), async (texts) => {
        const text = texts.map((each) => `${each}\n`).join('');
        const { lines, end } = await read(text, 10);
        expect(lines).to.eql(texts.map((each) => (Buffer.byteLength(each) > 10 ? undefined : each)));
        expect(end).to.equal(Buffer.byteLength(text));
      }),
      runs(300),
    ));

  it('are whole across the pieces that a file is read in, and the last needs no end', async () => {
    const long = 'x'.repeat(700_000);
    expect((await read(`a\n${long}\nb`, 1 << 20)).lines).to.eql(['a', long, 'b']);
    expect((await read(`a\n${long}\nb`, 1000)).lines).to.eql(['a', undefined, 'b']);
    expect((await read('', 10)).lines).to.eql([]);
  });
});

describe('commands: work in flight', () => {
  it('is never more than there is room for, and of one subject in turn', async () => {
    const running = new InFlight(3);
    const order: number[] = [];
    const subjects = new Set<string>();
    let now = 0;
    for (let at = 0; at < 30; at += 1) {
      const subject = String(at % 4);
      await running.start(subject, async () => {
        expect(subjects.has(subject)).to.equal(false);
        subjects.add(subject);
        now += 1;
        expect(now).to.be.at.most(3);
        await new Promise((resolve) => setImmediate(resolve));
        now -= 1;
        subjects.delete(subject);
        order.push(at);
      });
    }
    await running.finish();
    expect(order).to.have.length(30);
    for (const rest of [0, 1, 2, 3]) {
      const own = order.filter((at) => at % 4 === rest);
      expect(own).to.eql([...own].sort((a, b) => a - b));
    }
  });

  it('what fails ends it, after what was begun', async () => {
    const running = new InFlight(2);
    let done = 0;
    const work = async () => {
      for (let at = 0; at < 10; at += 1) {
        await running.start(String(at), async () => {
          await new Promise((resolve) => setImmediate(resolve));
          if (at === 1) throw new Error('the disk is full');
          done += 1;
        });
      }
      await running.finish();
    };
    const error = await work().catch((reason: unknown) => reason);
    expect(String(error)).to.equal('Error: the disk is full');
    expect(done).to.be.within(1, 4);
  });
});

describe('commands: progress', () => {
  const shown = (isTTY: boolean) => {
    const texts: string[] = [];
    const stream = { isTTY, write: (text: string) => texts.push(text) > 0 } as unknown as NodeJS.WriteStream;
    const progress = new Progress(stream);
    progress.show({ part: 0.5, count: 10, unit: 'lines', note: '2 refused' });
    progress.end();
    return texts;
  };

  it('is one line on a terminal', () => {
    const [line, ...rest] = shown(true);
    expect(line).to.match(/^\r\x1b\[K\[#{12}-{12}\] {2}50 % {2}10 lines, 2 refused, in 0\.\d s \(\d+\/s\)$/);
    expect(rest).to.eql(['\r\x1b[K']);
  });

  it('is nothing in a pipe', () => expect(shown(false)).to.eql([]));
});
