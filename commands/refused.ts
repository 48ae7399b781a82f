import { rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { writing } from './files.ts';

/** The lines of a file that were not taken, each with its number and why, in a file beside it. */
export class RefusedLines {
  readonly path: string;
  count = 0;
  #file: FileHandle | undefined;
  #written: Promise<void> = Promise.resolve();

  /** Forgets those of an earlier run. */
  constructor(file: string) {
    this.path = `${file}.refused.ndjson`;
    rmSync(this.path, { force: true });
  }

  /** Adds a line, as `{"line": 3, "reason": "…", "text": "…"}`. Throws a CommandError where it cannot be written. */
  add(line: number, reason: string, text: string): Promise<void> {
    this.count += 1;
    const told = `${JSON.stringify({ line, reason, text })}\n`;
    this.#written = this.#written.then(() => writing(this.path, this.#append(told)));
    return this.#written;
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#written]);
    await this.#file?.close();
  }

  async #append(text: string): Promise<void> {
    // It holds what was to be imported, secrets too: it is its owner's alone. Another import of the same file that runs
    // meanwhile has its own lines in it.
    this.#file ??= await open(this.path, 'wx', 0o600);
    await this.#file.appendFile(text);
  }
}
