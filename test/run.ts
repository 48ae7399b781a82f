/**
 * `npm test`: every suite on SQLite and, where `TEST_DATABASE_URL` names a PostgreSQL database, on PostgreSQL too, by
 * two processes that take one file after the other. Arguments are mocha's (`npm test -- test/auth/**`), `--long` runs
 * whole generated counts. Failures are told file by file; the last line is `N passed, N failed` over all.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import path from 'node:path';
import { isOfDatabase } from './harness/suites.ts';
import { filesOf, readOptions } from './runner/options.ts';
import { runAll, type Suites } from './runner/queue.ts';
import { seconds, sumOf, tableOf } from './runner/report.ts';

/** What runs where no file is named; `TEST_SUITES` says otherwise to a command that takes no arguments. */
const SUITES = process.env['TEST_SUITES'] ?? 'test/**/*.test.ts';

/** Compiles the server that the suites start. */
function build(): boolean {
  const compiler = path.resolve('node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { stdio: 'inherit' }).status === 0;
}

/** What is to run on each database that there is. */
function suites(argv: string[], env: NodeJS.ProcessEnv): Suites[] {
  const options = readOptions(argv);
  const isAll = options._.length === 0;
  const files = filesOf({ ...options, _: isAll ? [SUITES] : options._ });
  const on = (database: string, url: string, those: string[]): Suites => {
    return { database, env: { ...env, TEST_DATABASE_URL: url }, files: [...those], reports: [], duration: 0 };
  };
  const postgres = process.env['TEST_DATABASE_URL'];
  const again = isAll ? files.filter(isOfDatabase) : files;
  return [on('SQLite', '', files), ...(postgres ? [on('PostgreSQL', postgres, again)] : [])];
}

/** Prints what came of a database's suites; gives how many passed and failed. */
function conclude({ database, reports, duration }: Suites): { passed: number; failed: number } {
  const [passed, failed, skipped] = [sumOf(reports, 'passed'), sumOf(reports, 'failed'), sumOf(reports, 'skipped')];
  console.log(`\n${database}\n${tableOf(reports)}`);
  const tail = skipped > 0 ? `, ${skipped} skipped` : '';
  console.log(`  ${database}: ${passed} passed, ${failed} failed${tail} in ${seconds(duration)} s`);
  if (passed + failed > 0) return { passed, failed };
  console.log(`  ${database}: no test was run`);
  return { passed, failed: 1 };
}

async function main(argv: string[]): Promise<number> {
  const long = argv.includes('--long');
  const args = argv.filter((argument) => argument !== '--long');
  const seed = process.env['TEST_SEED'] ?? String(randomInt(2 ** 31));
  const hint = process.env['TEST_DATABASE_URL'] ? '' : '; set TEST_DATABASE_URL to test PostgreSQL too';
  console.log(`seed ${seed} (TEST_SEED repeats it)${hint}`);
  const nothing = (why: string) => {
    console.log(`${why}, so nothing was tested\n\n0 passed, 1 failed`);
    return 1;
  };
  if (!build()) return nothing('the build failed');
  const env = { ...process.env, TEST_BUILT: '1', TEST_SEED: seed, ...(long ? { TEST_LONG: '1' } : {}) };
  let all: Suites[];
  try {
    all = suites(args, env);
  } catch (error) {
    return nothing(error instanceof Error ? error.message : String(error));
  }
  await runAll(all, args);
  const counts = all.map(conclude);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  console.log(`\n${counts.reduce((sum, count) => sum + count.passed, 0)} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
