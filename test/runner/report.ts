/** What came of a test file, and how it is told. */
import path from 'node:path';

export interface FileReport {
  /** Its path from the folder of the project. */
  file: string;
  passed: number;
  failed: number;
  skipped: number;
  /** From when it began to load to the end of its last hook. */
  milliseconds: number;
  /** The failures as mocha lists them; empty where there are none. */
  failures: string;
}

/** How many tests of some files ended so. */
export function sumOf(reports: readonly FileReport[], count: 'passed' | 'failed' | 'skipped'): number {
  return reports.reduce((sum, report) => sum + report[count], 0);
}

/** A line a folder of tests, and one of the files that took longest. */
export function tableOf(reports: readonly FileReport[]): string {
  const folders = new Map<string, FileReport[]>();
  for (const report of [...reports].sort((a, b) => (a.file < b.file ? -1 : 1))) {
    const folder = folderOf(report.file);
    folders.set(folder, [...(folders.get(folder) ?? []), report]);
  }
  const lines = [...folders]
    .filter(([, files]) => sumOf(files, 'passed') + sumOf(files, 'failed') > 0)
    .map(([folder, files]) => {
      const failed = sumOf(files, 'failed');
      const counts = `${String(sumOf(files, 'passed')).padStart(6)} passed${failed > 0 ? `, ${failed} failed` : ''}`;
      const milliseconds = files.reduce((sum, file) => sum + file.milliseconds, 0);
      return `  ${folder.padEnd(28)}${counts}${seconds(milliseconds).padStart(8)} s`;
    });
  const slowest = [...reports].sort((a, b) => b.milliseconds - a.milliseconds).slice(0, 3);
  const named = slowest.map(({ file, milliseconds }) => `${file} ${seconds(milliseconds)} s`).join(', ');
  return [...lines, `  slowest: ${named}`].join('\n');
}

/** Characters of a line that are told: a generated counterexample has many more at times, and its seed repeats it. */
const LONGEST_LINE = 2000;

/** A text whose lines can be read. */
export function shortened(text: string): string {
  return text
    .split('\n')
    .map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}… (${line.length} characters)` : line))
    .join('\n');
}

export function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}

/** The folder a test file is in, below `test/`, or its own name where it is in none. */
function folderOf(file: string): string {
  const relative = path.relative('test', file);
  return path.dirname(relative) === '.' ? path.basename(relative, '.test.ts') : path.dirname(relative);
}
