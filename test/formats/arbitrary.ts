import fc from 'fast-check';
import { numberFrom } from '../../resources/json/number.ts';
import type { Json } from '../../resources/json/value.ts';
import { Decimal } from '../../resources/json/value.ts';

/** Strings that some reader of YAML or JSON has been known to take for something else. */
const NASTY = [
  ...'yes No on OFF y n true False null ~ = << - ? : # *a &a | > |- %TAG @ ` " \' \\ {a} [a] !!js/function'.split(' '),
  ...'0123 02134 1e3 0x1F 0o17 0b11 1_000 12:30 12:30:45.5 .5 5. +1 -0 .inf -.INF .nan'.split(' '),
  ...'2020-01-01 2020-01-01T00:00:00Z --- ... constructor toString hasOwnProperty'.split(' '),
  ...['', ' ', '\t', '--- a', '- a', 'a: b', 'a #b', 'a\nb', 'a\n', '\na', 'a\n\n', ' a\n b', 'a\r\nb'],
  ...['\u0001', '\u007f', '\u0085', '\u2028', '\ufeff', '\ufffe', '😀'],
  ...['a'.repeat(2000), `${'long words '.repeat(30)}end`],
];

const string = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary' }).map((text) => text.replace(/[\0\p{Surrogate}]/gu, '')),
  fc.string({ unit: fc.constantFrom(...' \n\t:#-?[]{},&*!|>\'"%@`ab01.'), maxLength: 12 }),
);

const key = string.filter((text) => text !== '__proto__');

/** The text of a number as JSON writes it, trailing zeros, exponents and 30 digits included. */
export const numberText = fc
  .tuple(
    fc.boolean(),
    fc.bigInt({ min: 0n, max: 10n ** 30n }),
    fc.option(fc.stringMatching(/^[0-9]{1,20}$/)),
    fc.option(fc.integer({ min: -250, max: 250 })),
  )
  .map(([minus, whole, fraction, exponent]) => {
    const power = exponent === null ? '' : `e${exponent}`;
    return `${minus ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}${power}`;
  });

const number = fc.oneof(
  fc.integer(),
  numberText.map((text): Json => numberFrom(text) ?? new Decimal('0')),
  fc.constantFrom<Json>(
    0.1,
    1e21,
    1e-7,
    new Decimal('2.30'),
    new Decimal('-0'),
    new Decimal('1e3'),
    new Decimal('0E+5'),
  ),
);

/** Any value that Ward can hold. */
export const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json; list: Json[]; object: { [name: string]: Json } }>(
  (tie) => ({
    value: fc.oneof({ maxDepth: 5 }, string, number, fc.boolean(), fc.constant(null), tie('list'), tie('object')),
    list: fc.array(tie('value'), { maxLength: 5 }),
    object: fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  }),
).value;
