import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { isAfter, isDate, isDateTime, isInstant } from '../../resources/validate/dates.ts';
import { runs } from '../harness/generated.ts';

const two = (number: number): string => String(number).padStart(2, '0');
const four = (number: number): string => String(number).padStart(4, '0');

/** JavaScript rolls a day that does not exist over into the next month. */
function exists(year: number, month: number, day: number): boolean {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

const parts = {
  year: fc.integer({ min: 1, max: 9999 }),
  month: fc.integer({ min: 0, max: 13 }),
  day: fc.integer({ min: 0, max: 32 }),
};

describe('validation: dates', () => {
  it('takes the days that exist and no others', () => {
    fc.assert(
      fc.property(fc.record(parts), ({ year, month, day }) => {
        expect(isDate(`${four(year)}-${two(month)}-${two(day)}`)).to.equal(exists(year, month, day));
      }),
      runs(20_000),
    );
  });

  it('takes every moment that JavaScript writes', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          expect(isInstant(date.toISOString())).to.equal(true);
          expect(isDateTime(date.toISOString())).to.equal(true);
        },
      ),
      runs(5000),
    );
  });

  it('orders moments as JavaScript does, whatever their zones', () => {
    const moment = fc.integer({ min: 0, max: 2 ** 40 });
    const zone = fc.integer({ min: -12, max: 14 });
    const write = (time: number, hours: number): string =>
      new Date(time + hours * 3_600_000)
        .toISOString()
        .replace('Z', `${hours < 0 ? '-' : '+'}${two(Math.abs(hours))}:00`);
    fc.assert(
      fc.property(moment, zone, moment, zone, (one, oneZone, other, otherZone) => {
        expect(isAfter(write(one, oneZone), write(other, otherZone))).to.equal(one > other);
      }),
      runs(5000),
    );
  });

  it('says that one is later only where it must be', () => {
    for (const [one, other, expected] of [
      ['2024-03', '2024-02-29', true],
      ['2024-03', '2024-03-01', false],
      ['2024-03-02', '2024-03', false],
      ['2025', '2024-12-31', true],
      ['2024-01-02', '2024-01-01T23:00:00Z', false],
      ['2024-01-03', '2024-01-01T23:00:00Z', true],
      ['2024-01-01T23:00:00Z', '2023-12', true],
      ['2024-01-01T00:00:00.1239Z', '2024-01-01T00:00:00.1235Z', true],
      ['2024-01-01T01:00:00.1235+01:00', '2024-01-01T00:00:00.123Z', true],
      ['2024-01-01T00:00:00.123Z', '2024-01-01T00:00:00.1230Z', false],
      ['2024-01-01T00:00:00.1230Z', '2024-01-01T00:00:00.123Z', false],
      ['2016-12-31T23:59:60Z', '2016-12-31T23:59:58Z', true],
    ] as const) {
      expect(isAfter(one, other), `${one} after ${other}`).to.equal(expected);
    }
  });
});
