import { Failure } from '../errors.ts';

/** Converts an offset to line and column as an editor shows them: both start at 1, and `\r\n` is one line break. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let at = 0; at < offset; at += 1) {
    const code = text.charCodeAt(at);
    const lineBreak = code === 10 || (code === 13 && text.charCodeAt(at + 1) !== 10);
    if (lineBreak) {
      line += 1;
      start = at + 1;
    }
  }
  return { line, column: offset - start + 1 };
}

/** Returns the Failure (400) for a text that cannot be parsed, with line and column of the first error. */
export function malformed(format: string, reason: string, place?: { line: number; column: number }): Failure {
  const where = place === undefined ? '' : ` at line ${place.line}, column ${place.column}`;
  return new Failure('malformed', `Invalid ${format}${where}: ${reason}.`);
}
