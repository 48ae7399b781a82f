import { isObject, type Json } from '../../json/value.ts';
import { splitEscaped, unescaped } from '../index/text.ts';
import { is } from '../sql/row-test.ts';
import { parseNumber } from './implied-range.ts';
import { type AddRow, BadValue, type SearchKind } from './kind.ts';
import { readNumber } from './number.ts';

/** Mean radius of WGS84 in metres: distances on this sphere deviate from the ellipsoid by at most 0.6 %. */
const RADIUS = 6_371_008.8;
const MISSING = { distance: '25', unit: 'km' };

/** Metres per unit of distance, by UCUM code; also `mi`, as people write miles. */
const UNITS: Readonly<Record<string, number>> = {
  km: 1000,
  m: 1,
  mi: 1609.344,
  '[mi_i]': 1609.344,
  '[mi_us]': 6_336_000 / 3937,
  '[nmi_i]': 1852,
  '[yd_i]': 0.9144,
  '[ft_i]': 0.3048,
};

/** A point on the unit sphere. */
type Point = readonly [x: number, y: number, z: number];

/**
 * special: `latitude|longitude|distance|units` for the only special parameter of R4 that reads an element: `near` of
 * Location (https://hl7.org/fhir/R4/location.html#search).
 *
 * A row holds a point on the unit sphere. The straight-line distance grows with the distance along the sphere, so the
 * database needs no trigonometry, and the poles and the 180° meridian need no special case.
 */
export const position: SearchKind = {
  table: 'search_position',
  modifiers: () => [],

  reader(_type, children = {}) {
    return Object.hasOwn(children, 'latitude') && Object.hasOwn(children, 'longitude') ? addPosition : undefined;
  },

  parse(text) {
    const parts = splitEscaped(text, '|').map((part) => unescaped(part).trim());
    const [latitude = '', longitude = '', distance = '', unit = ''] = parts;
    const at = pointAt(parseNumber(latitude)?.value, parseNumber(longitude)?.value);
    if (at === undefined || parts.length > 4) {
      throw new BadValue(
        'must be latitude|longitude|distance|units, such as 48.21|16.37|5|km, from -90 to 90 and -180 to 180 degrees',
      );
    }
    const reach = chord(metres(distance, unit));
    const [, , z] = at;
    const within = { columns: ['x', 'y', 'z'], at, within: reach };
    return { where: { all: [is('z', '>=', z - reach), is('z', '<=', z + reach), within] }, access: 'range' };
  },
};

function metres(distance: string, unit: string): number {
  if (distance === '' && unit !== '') throw new BadValue('must have a distance before its units');
  const number = parseNumber(distance || MISSING.distance)?.value;
  if (number === undefined || number < 0)
    throw new BadValue('must have a distance of 0 or more, such as 48.21|16.37|5');
  const factor = Object.hasOwn(UNITS, unit || MISSING.unit) ? UNITS[unit || MISSING.unit] : undefined;
  if (factor === undefined) throw new BadValue(`must have one of the units ${Object.keys(UNITS).join(', ')}`);
  return number * factor;
}

/** Converts a distance along the sphere to a straight-line distance, rounded up slightly so that nothing is missed. */
function chord(way: number): number {
  return 2 * Math.sin(Math.min(way / RADIUS, Math.PI) / 2) + 1e-11;
}

function addPosition(value: Json, add: AddRow): void {
  if (!isObject(value)) return;
  const point = pointAt(readNumber(value['latitude']), readNumber(value['longitude']));
  if (point !== undefined) add([...point]);
}

/** Returns the point at a position in degrees; undefined if it is out of range. */
function pointAt(latitude: number | undefined, longitude: number | undefined): Point | undefined {
  if (latitude === undefined || longitude === undefined) return undefined;
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return undefined;
  const [north, east] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
  const { cos, sin } = Math;
  return [rounded(cos(north) * cos(east)), rounded(cos(north) * sin(east)), rounded(sin(north))];
}

/** Rounds to a few micrometres: PostgreSQL raises an underflow error when it squares a tiny number. */
function rounded(coordinate: number): number {
  return Math.round(coordinate * 1e12) / 1e12;
}
