/** What a row of the benchmark is: something of ours, measured against a floor in the same run. */
import type { Filled } from './filled.ts';

export interface Context {
  /** Seconds of one measurement. */
  seconds: number;
  /** How often each side is measured; sides alternate. */
  rounds: number;
  /** Patients in the database. */
  patients: number;
  /** A folder that is removed after the run. */
  folder: string;
  /** A folder for CPU profiles of the server, where they are wanted. */
  profile: string | undefined;
  /** The rows that were measured so far in this run. */
  outcomes: readonly Outcome[];
  /** A server that holds the patients: started and filled for the first row that asks, and kept for the others. */
  filled(): Promise<Filled>;
  /** Replaces the progress line. */
  say(progress: string): void;
}

/** One side's measurements, in the order they were made. */
export interface Sides {
  floor: number[];
  ours: number[];
}

/**
 * What a row aims at: a share of the floor that ours must reach or stay under, the same in the unit of the row, or by
 * what factor it may differ from the floor, to either side.
 */
export type Target =
  | { ratio: number }
  | { mostRatio: number }
  | { least: number }
  | { most: number }
  | { within: number };

/** What `npm run bench -- PART` may name. */
export const PARTS = [
  ...(['reads', 'searches', 'writes', 'mixed', 'latency', 'crowd', 'tokens', 'validation'] as const),
  ...(['start', 'memory', 'guesses', 'published'] as const),
] as const;

export interface Row {
  name: string;
  /** The part it belongs to: `npm run bench -- reads` runs the rows of one. */
  part: (typeof PARTS)[number];
  /** What the floor is. */
  floor: string;
  unit: 'req/s' | 'a CPU-second' | 'ms' | 'MiB';
  target: Target;
  measure(context: Context): Promise<Sides>;
}

/** A row's outcome, as it is printed and written. */
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

/** The middle value; the mean of the two in the middle of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? upper) + upper) / 2;
}

/** Measures both sides in turn (floor, ours, floor, ours, …), so that a machine's mood falls on both. */
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

/** Sums a row's measurements up. */
export function conclude(row: Row, sides: Sides): Outcome {
  const floor = median(sides.floor);
  const ours = median(sides.ours);
  const ratio = ours / floor;
  const met = isMet(row.target, ours, ratio);
  const { name, part, unit, target } = row;
  return { name, part, floorName: row.floor, unit, target, sides, floor, ours, ratio, met };
}
