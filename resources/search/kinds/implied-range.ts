const NUMBER = /^([+-]?)(\d{1,30})(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,3}))?$/;

/** A searched number with its implied range [low, high). */
export interface ImpliedRange {
  value: number;
  low: number;
  high: number;
  /** The range of `ap` (approximately), both ends included. */
  margin: { low: number; high: number };
}

/**
 * Parses a number. Its significant figures imply the range: `100` is [99.5, 100.5), `100.00` is [99.995, 100.005), and
 * `54e-1` equals `5.4`. Exponential form counts as at least two figures: the standard gives `1e2` the range of `1.0e2`,
 * [95, 105). (For `5.40e-3` the standard's example says 0.0054 ± 0.00005, which would be `5.4e-3`; here the figures
 * count.) Approximately equal is what lies within a tenth of the value, but at least within half of the last figure.
 *
 * Returns undefined if the text is not a number, or one that a double cannot hold.
 */
export function parseNumber(text: string): ImpliedRange | undefined {
  const found = NUMBER.exec(text);
  if (found === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent] = found;
  const single = /^0*\d$/.test(whole + fraction);
  const implied = exponent !== undefined && single ? '0' : '';
  // All in hundredths of the last figure, so that a half of it and a tenth of the value are integers.
  const scale = Number(exponent ?? 0) - fraction.length - implied.length - 2;
  const size = BigInt(`${whole}${fraction}${implied}00`);
  const value = sign === '-' ? -size : size;
  const [half, tenth] = [50n, size / 10n];
  const reach = tenth > half ? tenth : half;
  const at = (units: bigint) => Number(`${units}e${scale}`);
  const number = at(value);
  // With very many figures, value and upper end may round to the same double; the range must still contain the value.
  const range = { value: number, low: at(value - half), high: Math.max(at(value + half), justAbove(number)) };
  const margin = { low: at(value - reach), high: at(value + reach) };
  return Number.isFinite(margin.low) && Number.isFinite(margin.high) ? { ...range, margin } : undefined;
}

/** Returns the next larger double; the largest returns itself. */
export function justAbove(number: number): number {
  if (number === 0) return Number.MIN_VALUE;
  if (number === Number.MAX_VALUE) return number;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number);
  // Doubles of one sign sort like the integers with the same bits.
  view.setBigInt64(0, view.getBigInt64(0) + (number > 0 ? 1n : -1n));
  return view.getFloat64(0);
}
