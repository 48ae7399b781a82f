import { rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { writing } from './files.ts';

/** Writes the refused lines of a file, each with its number and reason, to a second file beside it. */
export class RefusedLines {
  readonly path: string;
  count = 0;
  #file: FileHandle | undefined;
  #written: Promise<void> = Promise.resolve();

  /** Deletes the file of an earlier run. */
  constructor(file: string) {
    this.path = `${file}.refused.ndjson`;
    rmSync(this.path, { force: true });
  }

  /** Appends a line as `{"line": 3, "reason": "…", "text": "…"}`. Throws a CommandError if that fails. */
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
    // Only the owner can read it, since it holds imported data, including secrets. `wx`: a concurrent import of the
    // same file must not share it.
    this.#file ??= await open(this.path, 'wx', 0o600);
    await this.#file.appendFile(text);
  }
}
