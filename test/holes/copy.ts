/** A copy of the project in which guards are removed and tests are run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Attack, grepFor } from './attacks.ts';
import { type Hole, opened } from './hole.ts';
import type { Failure, FailureReport } from './reporter.ts';

const LEFT_OUT = new Set(['.git', 'node_modules', 'data', 'bench']);
const MOCHA = path.resolve('node_modules/mocha/bin/mocha.js');
const REPORTER = './test/holes/reporter.ts';
const COMPILER = path.resolve('node_modules/typescript/bin/tsc');
/** Maximum milliseconds for one test run. */
const LONGEST = 180_000;

export class Copy {
  private readonly root = mkdtempSync(path.join(tmpdir(), 'ward-holes-'));
  private running: ChildProcess | undefined;
  private runs = 0;

  constructor() {
    cpSync('.', this.root, { recursive: true, filter: (source) => !LEFT_OUT.has(source) });
    symlinkSync(path.resolve('node_modules'), path.join(this.root, 'node_modules'));
  }

  /** Runs the test of an attack, with the hole opened if `edits` are given; returns the failures. */
  async try({ file, name }: Attack, { edits = [], on }: Partial<Hole>): Promise<Failure[]> {
    const closed = new Map(edits.map((edit) => [edit.file, this.read(edit.file)]));
    try {
      for (const edit of edits) this.write(edit.file, opened(this.read(edit.file), edit));
      // Suites start the server from its sources or from this build. Removing a guard may break types, so they are not
      // checked.
      await this.run([COMPILER, '-p', 'tsconfig.build.json', '--noCheck']);
      const database = on === 'PostgreSQL' ? process.env['TEST_DATABASE_URL'] : '';
      this.runs += 1;
      const report = path.join(this.root, `report-${this.runs}.json`);
      const env = { TEST_BUILT: '1', TEST_DATABASE_URL: database, TEST_REPORT: report };
      await this.run([MOCHA, file, '--grep', grepFor(name), '--reporter', REPORTER], env);
      const { ran, failures } = JSON.parse(readFileSync(report, 'utf8')) as FailureReport;
      if (ran + failures.length === 0) throw new Error(`no test of ${file} is called so`);
      return failures;
    } finally {
      for (const [edited, source] of closed) this.write(edited, source);
    }
  }

  /** Kills what runs in the copy, and removes it. */
  remove(): void {
    this.end();
    rmSync(this.root, { recursive: true, force: true });
  }

  private read(file: string): string {
    return readFileSync(path.join(this.root, file), 'utf8');
  }

  private write(file: string, source: string): void {
    writeFileSync(path.join(this.root, file), source);
  }

  /** Runs a Node program in the copy, whatever its exit code; throws on a timeout. */
  private async run(args: string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
    // Its own process group, so that killing it also kills the servers that its tests have started.
    const options = { cwd: this.root, stdio: 'ignore', detached: true } as const;
    this.running = spawn(process.execPath, args, { ...options, env: { ...process.env, ...env } });
    const closed = once(this.running, 'close');
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.end();
    }, LONGEST);
    await closed;
    clearTimeout(timer);
    this.end();
    if (isLate) throw new Error(`it went on for more than ${LONGEST / 1000} s`);
  }

  private end(): void {
    const group = this.running?.pid;
    this.running = undefined;
    if (group === undefined) return;
    try {
      process.kill(-group, 'SIGKILL');
    } catch (error) {
      // Usually all of it has exited already.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

/** Returns the failure that shows the hole, as opposed to a broken copy; undefined if there is none. */
export function sight(failures: readonly Failure[], { says }: Hole): string | undefined {
  const own = failures.filter(({ isHook }) => !isHook);
  if (says !== undefined) return own.some(({ message }) => message.includes(says)) ? says : undefined;
  return own.flatMap(({ name, message }) => (name === 'AssertionError' ? assertionsIn(message) : []))[0];
}

/** Returns the failed assertions. One about a server error (500 or 503) does not show that an attack succeeded. */
function assertionsIn(message: string): string[] {
  const lines = message.split('\n').filter((line) => /\bexpected\b/.test(line) && !/\b50[03]\b/.test(line));
  return lines.map((line) => line.slice(line.search(/\bexpected\b/)));
}
