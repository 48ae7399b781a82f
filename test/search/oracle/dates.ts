/** Dates the long way: each is the stretch from its first to its last millisecond (FHIR R4 §3.1.1.4.7). */

export interface Stretch {
  first: number;
  /** The last millisecond that belongs to it. */
  last: number;
}

export const NEVER: Stretch = { first: Number.NEGATIVE_INFINITY, last: Number.POSITIVE_INFINITY };

/** The stretch of a written date, found by filling it up with the smallest and the largest digits. */
export function stretchOf(text: string): Stretch {
  const [, date = '', time = '', zone = 'Z'] = /^([\d-]+)(?:T([\d:.]+))?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  const [year = '', month, day] = date.split('-');
  const lastDay = (inMonth: string) => {
    const days = [31, isLeap(Number(year)) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    return String(days[Number(inMonth) - 1]);
  };
  const fill = (full: string) => time + full.slice(time.length);
  const from = `${year}-${month ?? '01'}-${day ?? '01'}T${fill('00:00:00.000')}${zone}`;
  const to = `${year}-${month ?? '12'}-${day ?? lastDay(month ?? '12')}T${fill('23:59:59.999')}${zone}`;
  return { first: Date.parse(from), last: Date.parse(to) };
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const overlap = (a: Stretch, b: Stretch) => a.first <= b.last && b.first <= a.last;
const contains = (a: Stretch, b: Stretch) => a.first <= b.first && b.last <= a.last;
const above = (search: Stretch): Stretch => ({ first: search.last + 1, last: NEVER.last });
const below = (search: Stretch): Stretch => ({ first: NEVER.first, last: search.first - 1 });

export type Comparison = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap';

/** The prefixes in the words of the standard (§3.1.1.4.5); `now` in milliseconds since the epoch. */
export const SAYS: Record<Comparison, (search: Stretch, target: Stretch, now: number) => boolean> = {
  eq: contains,
  ne: (search, target) => !contains(search, target),
  gt: (search, target) => overlap(above(search), target),
  lt: (search, target) => overlap(below(search), target),
  ge: (search, target) => overlap(above(search), target) || contains(search, target),
  le: (search, target) => overlap(below(search), target) || contains(search, target),
  sa: (search, target) => !overlap(search, target) && contains(above(search), target),
  eb: (search, target) => !overlap(search, target) && contains(below(search), target),
  ap: (search, target, now) => overlap(approximate(search, now), target),
};

/** A tenth of the time between now and the date is near enough. */
function approximate({ first, last }: Stretch, now: number): Stretch {
  const margin = Math.round(Math.max(first - now, now - last - 1, 0) / 10);
  return { first: first - margin, last: last + margin };
}
