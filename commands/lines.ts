import { createReadStream } from 'node:fs';

const NEWLINE = 0x0a;

/** A line of a file, as bytes. */
export interface Line {
  /** Starting from 1. */
  number: number;
  /** Undefined if the line is too long; it was not kept. */
  bytes: Buffer | undefined;
  /** The offset in the file after the line, in bytes. */
  end: number;
}

/** Reads a file of any size line by line. Holds at most one line and one chunk in memory. */
export async function* linesOf(path: string, longest: number): AsyncGenerator<Line> {
  let number = 0;
  let end = 0;
  let pieces: Buffer[] = [];
  let length = 0;
  const take = (piece: Buffer): void => {
    length += piece.length;
    end += piece.length;
    if (length <= longest) pieces.push(piece);
    else pieces = [];
  };
  const finish = (): Line => {
    number += 1;
    const line = { number, end, bytes: length > longest ? undefined : Buffer.concat(pieces) };
    pieces = [];
    length = 0;
    return line;
  };
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) {
    const bytes: Buffer = chunk;
    let start = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, start)) {
      take(bytes.subarray(start, at));
      start = at + 1;
      end += 1;
      yield finish();
    }
    take(bytes.subarray(start));
  }
  if (length > 0) yield finish();
}
