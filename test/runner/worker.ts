/**
 * A process in which `test/run.ts` runs test files, one after the other as it names them, by its own arguments for
 * mocha. What they load stays loaded, and each is told of by itself.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { format } from 'node:util';
import Mocha from 'mocha';
import type * as AtEnd from '../harness/at-end.ts';
import { readOptions } from './options.ts';
import type { Order } from './process.ts';
import { type FileReport, shortened } from './report.ts';

// By the loader that mocha loads test files with: an import would be another instance, which no file gave a chore.
const { tidyUp } = createRequire(import.meta.url)('../harness/at-end.ts') as typeof AtEnd;
const options = readOptions(process.argv.slice(2));
/** Milliseconds that tidying up may take. */
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

/** The failures as mocha prints them, which would come between those of another process. */
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
// Whoever would name another is gone.
process.once('disconnect', end);
