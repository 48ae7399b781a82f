import { isObject, type Json, type JsonObject } from '../../json/value.ts';
import { is, type RowTest } from '../sql/row-test.ts';
import { BadValue, type SearchKind } from './kind.ts';
import { type Prefix, splitPrefix } from './prefix.ts';

/** A half-open interval [low, high) in milliseconds since the epoch. */
interface Interval {
  low: number;
  high: number;
}

/** The limits of JavaScript's Date, beyond all dates that FHIR can express. */
const BEGINNING = -8.64e15;
const END = 8.64e15;

const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

/** date: a value stands for the interval that its precision implies (FHIR R4 §3.1.1.4.7, §3.1.1.4.5). */
export const date: SearchKind = {
  table: 'search_date',
  modifiers: () => [],

  reader(type) {
    const read = READERS[type];
    if (read === undefined) return undefined;
    return (value, add) => {
      const interval = read(value);
      if (interval !== undefined) add([interval.low, interval.high]);
    };
  },

  parse(text, { now }) {
    const [prefix, rest] = splitPrefix(text);
    // An unencoded plus arrives as a space.
    const interval = parseDate(rest.replace(' ', '+'));
    if (interval === undefined) {
      throw new BadValue(
        'must be a date such as 2020, 2020-05, 2020-05-17 or 2020-05-17T08:30:00Z, after any prefix such as ge',
      );
    }
    return { where: dateCondition(prefix, interval, now), access: 'range' };
  },
};

const READERS: Record<string, (value: Json) => Interval | undefined> = {
  date: readDate,
  dateTime: readDate,
  instant: readDate,
  Period: (value) => (isObject(value) ? readPeriod(value) : undefined),
  Timing: (value) => (isObject(value) ? readTiming(value) : undefined),
};

/** Parses a date of any precision, in UTC if it has no time zone; undefined if there is no such date. */
function parseDate(text: string): Interval | undefined {
  const found = DATE.exec(text);
  if (found === null) return undefined;
  const [, year = '', month, day, hour, minute, second, fraction, zone] = found;
  const low = instant([year, month, day, hour, minute, second].map((part, index) => Number(part ?? SMALLEST[index])));
  if (low === undefined) return undefined;
  const offset = zoneOffset(zone);
  if (offset === undefined) return undefined;
  const start = low + Math.trunc(Number(`0.${fraction ?? 0}`) * 1000) - offset;
  return { low: start, high: start + extent(low, { month, day, minute, second, fraction }) };
}

const SMALLEST = [1, 1, 1, 0, 0, 0];

/** Returns a UTC time in milliseconds; undefined if the date or the time does not exist. */
function instant(parts: number[]): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  if (year === 0 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return undefined;
  const moment = new Date(0);
  moment.setUTCFullYear(year, month - 1, day); // Date.UTC would map the years 1 to 99 to 19xx.
  if (moment.getUTCMonth() !== month - 1 || moment.getUTCDate() !== day || day < 1) return undefined;
  return moment.getTime() + ((hour * 60 + minute) * 60 + second) * 1000;
}

function zoneOffset(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (minutes > 59 || hours * 60 + minutes > 14 * 60) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** Returns the length of the interval that the precision implies, in milliseconds. */
function extent(
  low: number,
  given: Record<'month' | 'day' | 'minute' | 'second' | 'fraction', string | undefined>,
): number {
  if (given.fraction !== undefined) return 10 ** Math.max(0, 3 - given.fraction.length);
  if (given.second !== undefined) return 1000;
  if (given.minute !== undefined) return 60_000;
  if (given.day !== undefined) return 86_400_000;
  const next = new Date(low);
  if (given.month === undefined) next.setUTCFullYear(next.getUTCFullYear() + 1);
  else next.setUTCMonth(next.getUTCMonth() + 1);
  return next.getTime() - low;
}

function readDate(value: Json): Interval | undefined {
  return typeof value === 'string' ? parseDate(value) : undefined;
}

/** A missing end is open (FHIR R4 §2.24.0.11); a Period without start and end has no interval. */
function readPeriod(value: JsonObject): Interval | undefined {
  const start = readDate(value['start'] ?? null);
  const end = readDate(value['end'] ?? null);
  if (start === undefined && end === undefined) return undefined;
  const low = start?.low ?? BEGINNING;
  return { low, high: Math.max(end?.high ?? END, low + 1) };
}

/** Only the outer limits of a schedule count (FHIR R4 §3.1.1.4.7). */
function readTiming(value: JsonObject): Interval | undefined {
  const events = Array.isArray(value['event']) ? value['event'].map(readDate) : [];
  const repeat = value['repeat'];
  if (isObject(repeat) && isObject(repeat['boundsPeriod'])) events.push(readPeriod(repeat['boundsPeriod']));
  const known = events.filter((event) => event !== undefined);
  if (known.length === 0) return undefined;
  return { low: Math.min(...known.map((event) => event.low)), high: Math.max(...known.map((event) => event.high)) };
}

/**
 * Returns the test of a row's interval against `value` for a prefix. Since `low < high` in every row, ge ("the interval
 * above the value overlaps the row, or the value contains the row") is `high > end OR low >= start`; le likewise.
 */
function dateCondition(prefix: Prefix, value: Interval, now: number): RowTest {
  const { low, high } = value;
  switch (prefix) {
    case 'eq':
      return { all: [is('low', '>=', low), is('low', '<', high), is('high', '<=', high)] };
    case 'ne':
      return { any: [is('low', '<', low), is('high', '>', high)] };
    case 'gt':
      return is('high', '>', high);
    case 'lt':
      return is('low', '<', low);
    case 'ge':
      return { any: [is('low', '>=', low), is('high', '>', high)] };
    case 'le':
      return { any: [is('low', '<', low), is('high', '<=', high)] };
    case 'sa':
      return is('low', '>=', high);
    case 'eb':
      return is('high', '<=', low);
    case 'ap': {
      // Approximately: within a tenth of the time between now and the value.
      const margin = Math.round(Math.max(low - now, now - high, 0) / 10);
      return { all: [is('low', '<', high + margin), is('high', '>', low - margin)] };
    }
  }
}
