/** A process that runs test files on one database, as `test/run.ts` sees it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { FileReport } from './report.ts';

const WORKER = path.resolve('test/runner/worker.ts');

/** What such a process is told: which file is next, or that there is none. */
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
    // That nothing can be sent to it any more is told by its end.
    this.#child.on('error', () => undefined);
    this.#ended = once(this.#child, 'close').then(([code, signal]) => String(code ?? signal));
  }

  /** Whether it can run another file. */
  get isAlive(): boolean {
    return this.#child.connected;
  }

  /** Runs a file; a process that ends over it has failed it. */
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

  /** What was printed since this was asked for last. */
  takeOutput(): string {
    const text = Buffer.concat(this.#output).toString().trimEnd();
    this.#output = [];
    return text;
  }

  /** Has it tidy up and end; gives its exit code, or the signal that ended it. */
  async end(): Promise<string> {
    if (this.#child.connected) this.#child.send({} satisfies Order);
    return this.#ended;
  }
}
