/** A mocha reporter that leaves in the file of `TEST_REPORT` what failed, and why at bottom. */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

export interface Failure {
  title: string;
  /** The name and the message of the error, or of what caused it: a generated test fails by an error around another. */
  name: string;
  message: string;
  /** True where it is the set-up that failed, or the tidying up. */
  isHook: boolean;
}

export interface FailureReport {
  /** How many tests ran. */
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
