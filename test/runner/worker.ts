/**
 * The process in which `test/run.ts` runs test files one by one, with its own arguments for mocha. Loaded modules stay
 * loaded; each file is reported separately.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { format } from 'node:util';
import Mocha from 'mocha';
import type * as AtEnd from '../harness/at-end.ts';
import { readOptions } from './options.ts';
import type { Order } from './process.ts';
import { type FileReport, shortened } from './report.ts';

// Loaded by the same loader as test files: an import would give another instance, without their cleanups.
const { tidyUp } = createRequire(import.meta.url)('../harness/at-end.ts') as typeof AtEnd;
const options = readOptions(process.argv.slice(2));
/** Milliseconds for the cleanup. */
const PATIENCE = 60_000;

async function runFile(file: string): Promise<FileReport> {
  const began = performance.now();
  const report: FileReport = { file, passed: 0, failed: 0, skipped: 0, milliseconds: 0, failures: '' };
  class Reporter extends Mocha.reporters.Base {
    constructor(runner: Mocha.Runner, given: Mocha.MochaOptions) {
      super(runner, given);
      runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
        report.passed = this.stats.passes;
        report.failed = this.failures.length;
        report.skipped = this.stats.pending;
        report.failures = listed(this.failures);
      });
    }
  }
  try {
    const mocha = new Mocha({ ...options, reporter: Reporter });
    mocha.addFile(path.resolve(file));
    await mocha.loadFilesAsync();
    await new Promise((resolve) => mocha.run(resolve));
  } catch (error) {
    report.failed += 1;
    report.failures += `\n  ${file} could not be run:\n${error instanceof Error ? error.stack : String(error)}\n`;
  }
  return { ...report, milliseconds: performance.now() - began };
}

/** Returns the failures as mocha prints them, so that they do not mix with those of the other process. */
function listed(failures: Mocha.Test[]): string {
  if (failures.length === 0) return '';
  const lines: string[] = [];
  const { consoleLog } = Mocha.reporters.Base;
  Mocha.reporters.Base.consoleLog = (...args: unknown[]) => void lines.push(format(...args));
  Mocha.reporters.Base.list(failures);
  Mocha.reporters.Base.consoleLog = consoleLog;
  return shortened(lines.join('\n'));
}

async function end(): Promise<void> {
  setTimeout(() => {
    console.error(`tidying up took more than ${PATIENCE / 1000} s`);
    process.exit(1);
  }, PATIENCE).unref();
  await tidyUp();
  process.exit();
}

process.on('message', async ({ file }: Order) => {
  if (file === undefined) await end();
  else process.send?.(await runFile(file));
});
// The parent process is gone.
process.once('disconnect', end);
