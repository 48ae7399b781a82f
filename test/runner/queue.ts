/** Two processes that take files from a queue, so that neither idles if one database is slower. */
import { readOptions } from './options.ts';
import { RunnerProcess } from './process.ts';
import type { FileReport } from './report.ts';

/** The files of one database, and their reports. */
export interface Suites {
  database: string;
  env: NodeJS.ProcessEnv;
  /** The files not taken yet. */
  files: string[];
  reports: FileReport[];
  /** Milliseconds from the start of the run to the end of the last of these files. */
  duration: number;
}

const PROCESSES = 2;

/** Runs all files. Each database has its own process as long as it has files; prints failures. */
export async function runAll(all: Suites[], args: string[]): Promise<void> {
  const began = performance.now();
  const take = async (first: Suites | undefined) => {
    for (let suites = first; suites && suites.files.length > 0; suites = fullest(all)) {
      await takeFiles(suites, args, all);
      suites.duration = performance.now() - began;
    }
  };
  await Promise.all(Array.from({ length: PROCESSES }, (_, at) => take(all[at % all.length])));
}

function fullest(all: Suites[]): Suites | undefined {
  return [...all].sort((a, b) => b.files.length - a.files.length)[0];
}

/** Runs files of a database in one process until none are left or the process dies. */
async function takeFiles(suites: Suites, args: string[], all: Suites[]): Promise<void> {
  const runner = new RunnerProcess(args, suites.env);
  while (runner.isAlive) {
    const file = suites.files.shift();
    if (file === undefined) break;
    const report = await runner.run(file);
    settle(suites, report, runner.takeOutput());
    if (report.failed > 0 && readOptions(args).bail) for (const { files } of all) files.length = 0;
  }
  const isDead = !runner.isAlive;
  const code = await runner.end();
  if (isDead || code === '0') return;
  const failures = `\n  the process could not tidy up: ${code}\n`;
  settle(suites, { file: 'test', passed: 0, failed: 1, skipped: 0, milliseconds: 0, failures }, runner.takeOutput());
}

/** Prints the output and the failures of a file together, as soon as it ends. */
function settle(suites: Suites, report: FileReport, output: string): void {
  suites.reports.push(report);
  if (output + report.failures === '') return;
  console.log(`\n${suites.database}: ${report.file}`);
  for (const text of [output, report.failures.trimEnd()]) if (text !== '') console.log(text);
}
