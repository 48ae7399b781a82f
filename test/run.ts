/**
 * `npm test`: every suite on SQLite and, where `TEST_DATABASE_URL` names a PostgreSQL database, on PostgreSQL
 * beside it, as a process of its own. Arguments go to mocha (`npm test -- test/auth/**`), `--long` runs whole
 * generated counts. The last line is `N passed, N failed` over both.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestReport } from './harness/reporter.ts';
import { WITHOUT_DATABASE } from './harness/suites.ts';

const MOCHA = path.resolve('node_modules/mocha/bin/mocha.js');
/** What runs where no file is named; `TEST_SUITES` says otherwise to a command that takes no arguments. */
const SUITES = process.env['TEST_SUITES'] ?? 'test/**/*.test.ts';
const NOTHING: TestReport = { passed: 0, failed: 0, skipped: 0, duration: 0 };

interface Run {
  database: string;
  output: string;
  exitCode: number;
  report: TestReport | undefined;
}

/** Runs mocha once and keeps its output, so that two runs do not interleave. */
function runMocha(database: string, env: NodeJS.ProcessEnv, args: string[], reportFile: string): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MOCHA, ...args], {
      env: { ...process.env, ...env, TEST_REPORT: reportFile },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ database, output: Buffer.concat(chunks).toString(), exitCode: code ?? 1, report: read(reportFile) });
    });
  });
}

/** A run that died before its end has no report. */
function read(reportFile: string): TestReport | undefined {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8')) as TestReport;
  } catch {
    return undefined;
  }
}

function print({ database, output, exitCode, report }: Run): void {
  const { passed, failed, skipped, duration } = report ?? NOTHING;
  console.log(`\n${database}`);
  console.log(output.trimEnd());
  const tail = skipped > 0 ? `, ${skipped} skipped` : '';
  console.log(`  ${database}: ${passed} passed, ${failed} failed${tail} in ${(duration / 1000).toFixed(1)} s`);
  if (report === undefined) console.log(`  ${database}: the run ended early with code ${exitCode}`);
}

/** Compiles the server that the suites start. */
function build(): boolean {
  const compiler = path.resolve('node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { stdio: 'inherit' }).status === 0;
}

async function main(argv: string[]): Promise<number> {
  const long = argv.includes('--long');
  const named = argv.filter((argument) => argument !== '--long');
  const args = named.some((argument) => !argument.startsWith('-')) ? named : [...named, SUITES];
  const seed = process.env['TEST_SEED'] ?? String(randomInt(2 ** 31));
  const shared = { TEST_BUILT: '1', TEST_SEED: seed, ...(long ? { TEST_LONG: '1' } : {}) };
  const postgres = process.env['TEST_DATABASE_URL'];
  const folder = mkdtempSync(path.join(tmpdir(), 'ward-run-'));
  console.log(`seed ${seed} (TEST_SEED repeats it)${postgres ? '' : '; set TEST_DATABASE_URL to test PostgreSQL too'}`);
  if (!build()) {
    console.log('the build failed, so nothing was tested\n\n0 passed, 1 failed');
    return 1;
  }
  const runs = [runMocha('SQLite', { ...shared, TEST_DATABASE_URL: '' }, args, path.join(folder, 'sqlite.json'))];
  const others = args.includes(SUITES)
    ? [...args, ...WITHOUT_DATABASE.flatMap((once) => ['--ignore', once.endsWith('.ts') ? once : `${once}/**`])]
    : args;
  if (postgres) runs.push(runMocha('PostgreSQL', shared, others, path.join(folder, 'postgres.json')));
  const results = await Promise.all(runs);
  rmSync(folder, { recursive: true });
  for (const result of results) print(result);
  const sum = (of: 'passed' | 'failed') => results.reduce((total, { report }) => total + (report ?? NOTHING)[of], 0);
  const early = results.filter(({ report }) => report === undefined || report.passed + report.failed === 0).length;
  console.log(`\n${sum('passed')} passed, ${sum('failed') + early} failed`);
  return results.some(({ exitCode }) => exitCode !== 0) || early > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
