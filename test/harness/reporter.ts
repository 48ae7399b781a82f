/** A mocha reporter that prints what a reader needs: failures, seconds a suite, and one summary. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

/** What a run leaves in the file that `TEST_REPORT` names, for the process that started it. */
export interface TestReport {
  passed: number;
  failed: number;
  skipped: number;
  /** Milliseconds. */
  duration: number;
}

interface Tally {
  passed: number;
  failed: number;
  milliseconds: number;
}

const events = Mocha.Runner.constants;

/** The folder a test file is in, below `test/`: what is printed as one line. */
function folderOf(file: string | undefined): string {
  const relative = path.relative(path.resolve('test'), file ?? '');
  return path.dirname(relative) === '.' ? path.basename(relative, '.test.ts') : path.dirname(relative);
}

/** Counts tests and wall-clock time by folder; a file's time includes its hooks. */
export default class CompactReporter extends Mocha.reporters.Base {
  private readonly tallies = new Map<string, Tally>();
  /** Milliseconds by file. */
  private readonly files = new Map<string, number>();
  private started = Date.now();

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const began = Date.now();
    runner.on(events.EVENT_SUITE_BEGIN, (suite) => {
      if (suite.parent?.root) this.started = Date.now();
    });
    runner.on(events.EVENT_SUITE_END, (suite) => {
      if (suite.parent?.root) this.time(suite.file, Date.now() - this.started);
    });
    runner.on(events.EVENT_TEST_PASS, (test) => {
      this.tally(test.file).passed += 1;
    });
    runner.on(events.EVENT_TEST_FAIL, (test) => {
      this.tally(test.file).failed += 1;
    });
    runner.once(events.EVENT_RUN_END, () => this.finish(Date.now() - began));
  }

  private tally(file: string | undefined): Tally {
    const folder = folderOf(file);
    const found = this.tallies.get(folder) ?? { passed: 0, failed: 0, milliseconds: 0 };
    this.tallies.set(folder, found);
    return found;
  }

  private time(file: string | undefined, milliseconds: number): void {
    this.tally(file).milliseconds += milliseconds;
    const name = path.relative('.', file ?? '');
    this.files.set(name, (this.files.get(name) ?? 0) + milliseconds);
  }

  private finish(duration: number): void {
    if (this.failures.length > 0) Mocha.reporters.Base.list(this.failures);
    for (const [folder, { passed, failed, milliseconds }] of this.tallies) {
      const counts = `${String(passed).padStart(6)} passed${failed > 0 ? `, ${failed} failed` : ''}`;
      console.log(`  ${folder.padEnd(28)}${counts}${(milliseconds / 1000).toFixed(1).padStart(8)} s`);
    }
    const slowest = [...this.files].sort(([, a], [, b]) => b - a).slice(0, 3);
    console.log(`  slowest: ${slowest.map(([file, ms]) => `${file} ${(ms / 1000).toFixed(1)} s`).join(', ')}`);
    const report: TestReport = {
      passed: this.stats.passes,
      failed: this.failures.length,
      skipped: this.stats.pending,
      duration,
    };
    if (process.env['TEST_REPORT']) writeFileSync(process.env['TEST_REPORT'], JSON.stringify(report));
    else console.log(`${report.passed} passed, ${report.failed} failed`);
  }
}
