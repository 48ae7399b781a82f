/** A mocha reporter that writes failures and their root causes to the file in `TEST_REPORT`. */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

export interface Failure {
  title: string;
  /** The name and message of the root cause: a generated test wraps the error of its assertion. */
  name: string;
  message: string;
  /** True if a hook failed, not the test itself. */
  isHook: boolean;
}

export interface FailureReport {
  /** The number of tests run. */
  ran: number;
  failures: Failure[];
}

const { EVENT_RUN_END, EVENT_TEST_END, EVENT_TEST_FAIL } = Mocha.Runner.constants;

export default class FailureReporter {
  constructor(runner: Mocha.Runner) {
    const report: FailureReport = { ran: 0, failures: [] };
    runner.on(EVENT_TEST_END, () => {
      report.ran += 1;
    });
    runner.on(EVENT_TEST_FAIL, (test, error: Error) => {
      const { name, message } = rootOf(error);
      report.failures.push({ title: test.fullTitle(), name, message, isHook: !(test instanceof Mocha.Test) });
    });
    runner.once(EVENT_RUN_END, () =>
      writeFileSync(process.env['TEST_REPORT'] ?? 'report.json', JSON.stringify(report)),
    );
  }
}

function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}
