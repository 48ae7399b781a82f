/** A process that runs test files on one database, as seen by `test/run.ts`. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { FileReport } from './report.ts';

const WORKER = path.resolve('test/runner/worker.ts');

/** The message to such a process: the next file, or none left. */
export interface Order {
  file?: string;
}

export class RunnerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;
  #output: Buffer[] = [];

  constructor(args: string[], env: NodeJS.ProcessEnv) {
    const execArgv = ['--import', 'tsx', '--no-warnings'];
    this.#child = fork(WORKER, args, { execArgv, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => this.#output.push(chunk));
    }
    // If the channel breaks, `close` follows.
    this.#child.on('error', () => undefined);
    this.#ended = once(this.#child, 'close').then(([code, signal]) => String(code ?? signal));
  }

  /** True while it can run another file. */
  get isAlive(): boolean {
    return this.#child.connected;
  }

  /** Runs a file. If the process dies, the file has failed. */
  async run(file: string): Promise<FileReport> {
    const began = performance.now();
    const reported = once(this.#child, 'message').then(([report]) => report as FileReport);
    this.#child.send({ file } satisfies Order);
    const died = this.#ended.then((code): FileReport => {
      const failures = `\n  ${file} ended the process that ran it: ${code}\n`;
      return { file, passed: 0, failed: 1, skipped: 0, milliseconds: performance.now() - began, failures };
    });
    return Promise.race([reported, died]);
  }

  /** Returns what was printed since the last call. */
  takeOutput(): string {
    const text = Buffer.concat(this.#output).toString().trimEnd();
    this.#output = [];
    return text;
  }

  /** Makes it clean up and exit; resolves with its exit code, or the signal that ended it. */
  async end(): Promise<string> {
    if (this.#child.connected) this.#child.send({} satisfies Order);
    return this.#ended;
  }
}
