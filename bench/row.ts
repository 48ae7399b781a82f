/** A row of the benchmark: our server, measured against a floor in the same run. */
import type { Filled } from './filled.ts';

export interface Context {
  /** Seconds per measurement. */
  seconds: number;
  /** How often each side is measured; the sides alternate. */
  rounds: number;
  /** Patients in the database. */
  patients: number;
  /** A temporary folder, removed after the run. */
  folder: string;
  /** A folder for the server's CPU profiles, if they are wanted. */
  profile: string | undefined;
  /** The rows measured so far in this run. */
  outcomes: readonly Outcome[];
  /** Returns a server that holds the patients; the first call starts and fills it, and the others share it. */
  filled(): Promise<Filled>;
  /** Replaces the progress line. */
  say(progress: string): void;
}

/** The measurements of both sides, in order. */
export interface Sides {
  floor: number[];
  ours: number[];
}

/**
 * The target of a row: a ratio to the floor that ours must reach or stay under, an absolute value in the row's unit, or
 * the maximum factor between the two.
 */
export type Target =
  | { ratio: number }
  | { mostRatio: number }
  | { least: number }
  | { most: number }
  | { within: number };

/** The valid values of PART in `npm run bench -- PART`. */
export const PARTS = [
  ...(['reads', 'searches', 'writes', 'mixed', 'latency', 'crowd', 'tokens', 'validation'] as const),
  ...(['start', 'memory', 'guesses', 'published'] as const),
] as const;

export interface Row {
  name: string;
  /** The part that selects it: `npm run bench -- reads` runs the rows of one part. */
  part: (typeof PARTS)[number];
  /** What it is measured against. */
  floor: string;
  unit: 'req/s' | 'a CPU-second' | 'ms' | 'MiB';
  target: Target;
  measure(context: Context): Promise<Sides>;
}

/** The result of a row, as it is printed and saved. */
export interface Outcome {
  name: string;
  part: string;
  floorName: string;
  unit: string;
  target: Target;
  sides: Sides;
  floor: number;
  ours: number;
  ratio: number;
  met: boolean;
}

/** Returns the median. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? upper) + upper) / 2;
}

/** Measures both sides in turn (floor, ours, floor, ours, …), so that noise of the machine affects both. */
export async function alternate(
  context: Context,
  name: string,
  measures: { floor: () => Promise<number>; ours: () => Promise<number> },
): Promise<Sides> {
  const sides: Sides = { floor: [], ours: [] };
  for (let round = 1; round <= context.rounds; round += 1) {
    for (const side of ['floor', 'ours'] as const) {
      context.say(`${name}: ${side}, round ${round} of ${context.rounds}`);
      sides[side].push(await measures[side]());
    }
  }
  return sides;
}

function isMet(target: Target, ours: number, ratio: number): boolean {
  if ('ratio' in target) return ratio >= target.ratio;
  if ('mostRatio' in target) return ratio <= target.mostRatio;
  if ('least' in target) return ours >= target.least;
  if ('most' in target) return ours <= target.most;
  return ratio <= target.within && ratio >= 1 / target.within;
}

/** Summarizes the measurements of a row. */
export function conclude(row: Row, sides: Sides): Outcome {
  const floor = median(sides.floor);
  const ours = median(sides.ours);
  const ratio = ours / floor;
  const met = isMet(row.target, ours, ratio);
  const { name, part, unit, target } = row;
  return { name, part, floorName: row.floor, unit, target, sides, floor, ours, ratio, met };
}
