/** The reporter of a mocha started on its own: failures, seconds per folder, and one summary. */
import path from 'node:path';
import Mocha from 'mocha';
import { type FileReport, sumOf, tableOf } from '../runner/report.ts';

const events = Mocha.Runner.constants;

/** Counts tests and wall-clock time per file; the time includes hooks. */
export default class CompactReporter extends Mocha.reporters.Base {
  private readonly reports = new Map<string, FileReport>();
  private started = Date.now();

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.on(events.EVENT_SUITE_BEGIN, (suite) => {
      if (suite.parent?.root) this.started = Date.now();
    });
    runner.on(events.EVENT_SUITE_END, (suite) => {
      if (suite.parent?.root) this.report(suite.file).milliseconds += Date.now() - this.started;
    });
    runner.on(events.EVENT_TEST_PASS, (test) => {
      this.report(test.file).passed += 1;
    });
    runner.on(events.EVENT_TEST_FAIL, (test) => {
      this.report(test.file).failed += 1;
    });
    runner.once(events.EVENT_RUN_END, () => this.finish());
  }

  private report(absolute = ''): FileReport {
    const file = path.relative('.', absolute);
    const none: FileReport = { file, passed: 0, failed: 0, skipped: 0, milliseconds: 0, failures: '' };
    const found = this.reports.get(file) ?? none;
    this.reports.set(file, found);
    return found;
  }

  private finish(): void {
    if (this.failures.length > 0) Mocha.reporters.Base.list(this.failures);
    const reports = [...this.reports.values()];
    console.log(tableOf(reports));
    console.log(`${sumOf(reports, 'passed')} passed, ${sumOf(reports, 'failed')} failed`);
  }
}
