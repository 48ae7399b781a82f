/** Values to search for, drawn from those that there are: whole, in part, written otherwise, or a near miss. */
import type { Reference } from 'fhir/r4.js';
import { BASE } from './cast.ts';
import type { Ask } from './criterion.ts';
import { SAYS, type Stretch } from './dates.ts';
import { type Kind, type Text, type Token, target, textOf } from './kinds.ts';
import { ADDRESS_USES, BOOLEANS, GENDERS } from './parameters.ts';

/** Numbers that decide what is made of a value; any will do. */
export interface Whim {
  shape: number;
  cut: number;
}

interface Values {
  string: Text;
  token: Token;
  date: Stretch;
  reference: Reference;
  uri: string;
}

type Drawing = { [Name in Kind<unknown>['name']]: (value: Values[Name], whim: Whim, modifier?: string) => Ask };

export const DRAW: Drawing = {
  string: ({ exact }, whim) => {
    const text = pick(TEXTS, whim.shape)(exact, whim.cut);
    return plain(textOf(text).folded === '' ? exact : text);
  },
  token: (value, whim, modifier) => (modifier === 'of-type' ? typed(value, whim) : coded(value, whim)),
  date: ({ first, last }, { shape, cut }) => {
    const at = Math.floor(shape / PREFIXES.length);
    const moment = pick([first, first, first, last + 1], at) + pick(SHIFTS, at >> 2);
    return { prefix: pick(PREFIXES, shape), parts: [dateAt(moment, cut)] };
  },
  reference: (value, whim, modifier) => {
    if (modifier === 'identifier') return coded(identity(value), whim);
    const [type, id] = pointed(value);
    if (modifier !== undefined) return plain(modifier === type && whim.shape % 2 === 0 ? `${type}/${id}` : id);
    return plain(pick(ADDRESSES, whim.shape)(type, id, value.reference ?? id));
  },
  uri: (value, { shape, cut }) => {
    const steps = value.split('/');
    const part = steps.slice(0, Math.max(4, steps.length - (cut % 3))).join('/');
    return plain(pick([value, value, part, part, `${value}/x`, value.slice(0, -1), value.toUpperCase()], shape));
  },
};

/** One of some values; undefined may be one. */
export function pick<Value>(values: readonly Value[], at: number): Value {
  if (values.length === 0) throw new Error('there is nothing to pick from');
  return values[at % values.length] as Value;
}

/** The type of a reference's target and its id, as far as there are any. */
export function pointed(value: Reference): [type: string, id: string] {
  const steps = (target(value, BASE) ?? 'Organization/nobody').split('/');
  return [steps.at(-2) ?? '', steps.at(-1) ?? ''];
}

const plain = (text: string): Ask => ({ prefix: '', parts: [text] });

const whole = (text: string) => text;
const begun = (text: string, cut: number) => [...text].slice(0, 1 + (cut % [...text].length)).join('');
const within = (text: string, cut: number) => begun([...text].slice(cut % [...text].length).join(''), cut >> 4);
/** By characters: half of a surrogate pair cannot be sent. */
const cutOff = (text: string, from: number, to?: number) => [...text].slice(from, to).join('');

const TEXTS: ((text: string, cut: number) => string)[] = [
  whole,
  whole,
  begun,
  begun,
  begun,
  within,
  (text) => text.toUpperCase(),
  (text, cut) => begun(text, cut).toLowerCase(),
  (text) => text.normalize('NFD').replace(/\p{M}/gu, ''),
  (text, cut) => begun(text, cut).replace(/[aeiou]/i, '$&\u0301'),
  (text) => text.replace(/[aeiou]/gi, '$&\u0308').normalize('NFC'),
  (text) => ` ${text.replaceAll(' ', '  ')} `,
  (text) => `${cutOff(text, 0, -1)}q`,
  (text) => cutOff(text, 1) || text,
];

const IMPLIED = [GENDERS, ADDRESS_USES, BOOLEANS];

/** Of what a code's own system is, only the right one is asked: a resource does not say it. */
function coded({ system, code }: Token, { shape }: Whim): Ask {
  const implied = IMPLIED.includes(system ?? '');
  const of = (...parts: string[]): Ask => ({ prefix: '', parts });
  if (code === undefined || code === '') return system === undefined ? of('none') : of(system, '');
  const right = of(system ?? '', code);
  const all = system === undefined ? of(code) : of(system, '');
  const others = implied ? [] : [of('', code), of('urn:none', code), of(`${code}x`), of(code.toUpperCase())];
  return pick([of(code), of(code), of(code), right, right, all, ...others], shape);
}

function typed({ code = 'none', types = [] }: Token, { shape, cut }: Whim): Ask {
  const { system = 'urn:none', code: type = 'MR' } = types.length === 0 ? {} : pick(types, cut);
  const right = [system, type, code];
  return { prefix: '', parts: pick([right, right, ['urn:none', type, code], [system, 'SS', code]], shape) };
}

function identity({ identifier }: Reference): Token {
  return { system: identifier?.system ?? 'urn:npi', code: identifier?.value ?? '7' };
}

const ADDRESSES: ((type: string, id: string, written: string) => string)[] = [
  (_, id) => id,
  (type, id) => `${type}/${id}`,
  (type, id) => `${BASE}/${type}/${id}`,
  (type, id) => `${BASE}/fhir/${type}/${id}`,
  (_type, _id, written) => written.replace(/\/_history.*/, ''),
  (type, id) => `https://elsewhere.example/fhir/${type}/${id}`,
  (_, id) => `Organization/${id}`,
  (type, id) => `${type}/${id}x`,
];

const PREFIXES = ['', ...Object.keys(SAYS)];
const DAY = 86_400_000;
/** Mostly to where one stretch ends and the next begins. */
const SHIFTS = [0, 0, 0, 0, 0, -1, -1, -1, 1, 1000, -60_000, DAY, -31 * DAY, 366 * DAY, 3000 * DAY];
const ZONES: [name: string, minutes: number][] = [
  ['Z', 0],
  ['', 0],
  ['+02:00', 120],
  ['-11:30', -690],
];
/** How much of `2013-02-03T04:05:06.789` each precision shows. */
const PRECISIONS = [4, 7, 10, 10, 16, 19, 23];

/** A moment as a date of some precision in some zone. */
function dateAt(moment: number, cut: number): string {
  const precision = pick(PRECISIONS, cut);
  const [zone, minutes] = precision > 10 ? pick(ZONES, Math.floor(cut / PRECISIONS.length)) : ['', 0];
  return new Date(moment + minutes * 60_000).toISOString().slice(0, precision) + zone;
}
