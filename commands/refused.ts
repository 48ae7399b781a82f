import { once } from 'node:events';
import { createWriteStream, rmSync, type WriteStream } from 'node:fs';
import { CommandError } from './errors.ts';

/** The lines of a file that were not taken, each with its number and why, in a file beside it. */
export class RefusedLines {
  readonly path: string;
  count = 0;
  #stream: WriteStream | undefined;
  #failure: Error | undefined;

  /** Forgets those of an earlier run. */
  constructor(file: string) {
    this.path = `${file}.refused.ndjson`;
    rmSync(this.path, { force: true });
  }

  /** Adds a line, as `{"line": 3, "reason": "…", "text": "…"}`. */
  async add(line: number, reason: string, text: string): Promise<void> {
    this.count += 1;
    this.#stream ??= this.#open();
    const isFull = !this.#stream.write(`${JSON.stringify({ line, reason, text })}\n`);
    if (isFull && !this.#failure) await Promise.race([once(this.#stream, 'drain'), once(this.#stream, 'close')]);
    if (this.#failure) throw new CommandError(`${this.path} cannot be written: ${this.#failure.message}`);
  }

  async close(): Promise<void> {
    if (!this.#stream || this.#failure) return;
    this.#stream.end();
    await once(this.#stream, 'close');
  }

  /** It holds what was to be imported, secrets too: it is its owner's alone. */
  #open(): WriteStream {
    const stream = createWriteStream(this.path, { mode: 0o600 });
    stream.on('error', (error) => {
      this.#failure = error;
    });
    return stream;
  }
}
