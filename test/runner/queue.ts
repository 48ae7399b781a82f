/** Two processes and the files that they take: none of them waits for the other, whichever database is slower. */
import { readOptions } from './options.ts';
import { RunnerProcess } from './process.ts';
import type { FileReport } from './report.ts';

/** The files of one database, and what came of them. */
export interface Suites {
  database: string;
  env: NodeJS.ProcessEnv;
  /** Those that nobody has taken yet. */
  files: string[];
  reports: FileReport[];
  /** Milliseconds from the beginning of all to the end of the last of these. */
  duration: number;
}

const PROCESSES = 2;

/** Runs all files, each database in a process of its own for as long as it has files left; prints what failed. */
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

/** Has one process take files of a database until there are none, or until it has died over one. */
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

/** What a file prints and what failed in it is told at once, and whole. */
function settle(suites: Suites, report: FileReport, output: string): void {
  suites.reports.push(report);
  if (output + report.failures === '') return;
  console.log(`\n${suites.database}: ${report.file}`);
  for (const text of [output, report.failures.trimEnd()]) if (text !== '') console.log(text);
}
