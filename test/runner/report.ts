/** The result of a test file, and how it is printed. */
import path from 'node:path';

export interface FileReport {
  /** The path from the root of the project. */
  file: string;
  passed: number;
  failed: number;
  skipped: number;
  /** From the start of loading to the end of the last hook. */
  milliseconds: number;
  /** The failures as mocha prints them; empty if there are none. */
  failures: string;
}

/** Sums a count over files. */
export function sumOf(reports: readonly FileReport[], count: 'passed' | 'failed' | 'skipped'): number {
  return reports.reduce((sum, report) => sum + report[count], 0);
}

/** Renders one line per folder of tests, and the three slowest files. */
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

/** Maximum characters of a printed line: a generated counterexample may have many more, and its seed reproduces it. */
const LONGEST_LINE = 2000;

/** Shortens long lines. */
export function shortened(text: string): string {
  return text
    .split('\n')
    .map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}… (${line.length} characters)` : line))
    .join('\n');
}

export function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}

/** Returns the folder of a test file below `test/`, or its own name if it is in none. */
function folderOf(file: string): string {
  const relative = path.relative('test', file);
  return path.dirname(relative) === '.' ? path.basename(relative, '.test.ts') : path.dirname(relative);
}
