/** Numbers the long way: each is the stretch from its first to its last grain (FHIR R4 §3.1.1.4.6, §3.1.1.4.11). */

/** Everything is counted in grains of 1e-18, of which the numbers of a test are whole and large multiples. */
const GRAINS = 18;
export const FOREVER = 10n ** 60n;

/** Both ends belong to it. An end that does not is a grain away. */
export interface Stretch {
  first: bigint;
  last: bigint;
}

/** The grains of a decimal as it is written. Throws for one that is finer than a grain. */
export function grains(text: string): bigint {
  const [, sign, whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)\.?(\d*)(?:e(.+))?$/.exec(text) ?? [];
  const zeros = GRAINS - fraction.length + Number(exponent);
  const size = BigInt(whole + fraction) * 10n ** BigInt(zeros);
  return sign === '-' ? -size : size;
}

/** Grains as a plain decimal. */
export function decimal(count: bigint): string {
  const digits = String(count < 0n ? -count : count).padStart(GRAINS + 1, '0');
  const fraction = digits.slice(-GRAINS).replace(/0+$/, '');
  return `${count < 0n ? '-' : ''}${digits.slice(0, -GRAINS)}${fraction && `.${fraction}`}`;
}

/** What a stored value with a comparator may be. */
export const STORED: Record<string, (value: bigint) => Stretch> = {
  '': (value) => ({ first: value, last: value }),
  '<': (value) => ({ first: -FOREVER, last: value - 1n }),
  '<=': (value) => ({ first: -FOREVER, last: value }),
  '>=': (value) => ({ first: value, last: FOREVER }),
  '>': (value) => ({ first: value + 1n, last: FOREVER }),
};

/** A searched number, and the stretch that its figures leave open. */
export interface Sought {
  text: string;
  exact: bigint;
  implied: Stretch;
}

/** A number sought of which the ends are known: the lower is equal to it, the upper no more. */
export function soughtBetween(text: string, low: string, high: string): Sought {
  return { text, exact: grains(text), implied: { first: grains(low), last: grains(high) - 1n } };
}

/**
 * Every way to write a number of `figures` whose last one stands for ten to the power of `last`: `54`, -1 is `5.4`,
 * `54e-1`, `5.4e0` and `0.54e1`. The exponential forms need two figures, the plain one a last figure that is no ten.
 */
export function waysToWrite(figures: string, last: number): string[] {
  const [first, rest] = [figures.slice(0, 1), figures.slice(1)];
  const padded = figures.padStart(1 - last, '0');
  const plain = last === 0 ? padded : `${padded.slice(0, last)}.${padded.slice(last)}`;
  const exponential = [
    `${figures}e${last}`,
    `${first}.${rest}e${last + rest.length}`,
    `0.${figures}e${last + figures.length}`,
  ];
  return [...(last > 0 ? [] : [plain]), ...(rest === '' ? [] : exponential)];
}

/** The number that `figures` are, sought in one of these ways. */
export function soughtOf(text: string, figures: string, last: number): Sought {
  const half = grains(`1e${last}`) / 2n;
  const size = grains(`${figures}e${last}`);
  const exact = text.startsWith('-') ? -size : size;
  return { text, exact, implied: { first: exact - half, last: exact + half - 1n } };
}

const overlap = (a: Stretch, b: Stretch) => a.first <= b.last && b.first <= a.last;
const contains = (a: Stretch, b: Stretch) => a.first <= b.first && b.last <= a.last;
const from = (first: bigint): Stretch => ({ first, last: FOREVER });
const upTo = (last: bigint): Stretch => ({ first: -FOREVER, last });

export type Comparison = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap';

/** The prefixes: only eq, ne and ap look at more than the exact number (§3.1.1.4.5, §3.1.1.4.6). */
export const SAYS: Record<Comparison, (sought: Sought, target: Stretch) => boolean> = {
  eq: ({ implied }, target) => contains(implied, target),
  ne: ({ implied }, target) => !contains(implied, target),
  gt: ({ exact }, target) => overlap(from(exact + 1n), target),
  lt: ({ exact }, target) => overlap(upTo(exact - 1n), target),
  ge: ({ exact }, target) => overlap(from(exact), target),
  le: ({ exact }, target) => overlap(upTo(exact), target),
  sa: ({ exact }, target) => contains(from(exact + 1n), target),
  eb: ({ exact }, target) => contains(upTo(exact - 1n), target),
  ap: (sought, target) => overlap(near(sought), target),
};

/** A tenth of the number is near enough, and half of its last figure is. */
function near({ exact, implied }: Sought): Stretch {
  const tenth = (exact < 0n ? -exact : exact) / 10n;
  const half = exact - implied.first;
  const reach = tenth > half ? tenth : half;
  return { first: exact - reach, last: exact + reach };
}
