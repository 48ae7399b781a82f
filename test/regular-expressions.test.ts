/**
 * Every regular expression of the server is tried with what makes a backtracking engine slow. Each runs where it can be
 * ended: one that is linear needs milliseconds and one that is quadratic many seconds of the processor, so that the
 * limit between them tells nothing of how fast or busy the machine is.
 */

import { types } from 'node:util';
import vm from 'node:vm';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { type Source, sources } from './style/sources.ts';

const LENGTH = 100_000;
const LIMIT_MS = 1_000;
/** How much longer the clock may run than the processor, where others want it too. */
const CROWDED = 5;
/** What may be slow, since nobody can send it a long text. */
const BOUNDED = new Map([
  ['commands/reach/over-http.ts', 'an address that the operator gives on the command line'],
  ['resources/json/equal.ts', 'a number, of at most 64 characters'],
]);
/** Repeated, these fit the classes and the separators that expressions are made of. */
const PUMPS = [
  'a',
  'A',
  '0',
  ' ',
  '\t',
  '\n',
  '.',
  '-',
  '/',
  ':',
  ',',
  ';',
  '"',
  "'",
  '\\',
  '%',
  '=',
  '+',
  '*',
  '(',
  '[',
];
const MIXED = ['a.', 'a ', 'a,', 'a/', 'a:', 'a-', '0.', ' \t', '<a', '\\"', 'a=b&', '%20', '1e'];
const ENDS = ['', '!\n'];

/** Comments and strings, which are passed over, and literals of expressions, which stand where a value may begin. */
const TOKEN = new RegExp(
  [
    String.raw`\/\/.*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"`,
    '`[^`]*`',
    String.raw`(?<=(?:[=(,:!&|?{;[>]|\breturn)\s*)(?<literal>\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*)`,
  ].join('|'),
  'g',
);

function expressionsOf({ file, text }: Source): { place: string; literal: string }[] {
  return [...text.matchAll(TOKEN)].flatMap(({ index, groups }) => {
    const line = text.slice(0, index).split('\n').length;
    return groups?.['literal'] === undefined ? [] : [{ place: `${file}:${line}`, literal: groups['literal'] }];
  });
}

/** The start that an expression asks for, so that what follows it is reached. */
function prefixesOf(literal: string): string[] {
  const start = /^\/\^?((?:[\w :/-]|\\[/.])+)/.exec(literal)?.[1]?.replaceAll('\\', '') ?? '';
  return start === '' ? [''] : ['', start, start.slice(0, -1)];
}

const written = new Map<string, string[]>();

/** The texts that begin so, made once: most expressions ask for no start. */
function textsAfter(prefix: string): string[] {
  const found = written.get(prefix);
  if (found) return found;
  const made = [...PUMPS, ...MIXED].flatMap((pump) => {
    const body = pump.repeat(LENGTH / pump.length);
    return ENDS.map((end) => `${prefix}${body}${end}`);
  });
  if (prefix === '') written.set(prefix, made);
  return made;
}

function isSlow(literal: string, limit = LIMIT_MS): boolean {
  const all = prefixesOf(literal).flatMap(textsAfter);
  // `replace` and `matchAll` go on behind each find, which `test` would not.
  const code = `for (const text of texts) { const e = ${literal}; e.global ? text.replace(e, '') : e.test(text) }`;
  try {
    const began = process.cpuUsage();
    vm.runInNewContext(code, { texts: all }, { timeout: CROWDED * limit });
    return process.cpuUsage(began).user > 1000 * limit;
  } catch (error) {
    if (types.isNativeError(error) && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return true;
    throw error;
  }
}

describe('regular expressions', () => {
  const served = sources.filter(({ file }) => /^(auth|resources|server|commands)\//.test(file));
  const expressions = served.flatMap(expressionsOf);

  it('a slow one is found', () => {
    const expected = [true, true, false];
    // A quarter of the limit tells them apart as well, and is what the slow ones take.
    expect(['/^(a+)+$/', '/a*a*a*b/', '/^a+$/'].map((literal) => isSlow(literal, LIMIT_MS / 4))).to.eql(expected);
  });

  it('ReDoS in our own expressions: none takes longer than the text is long', () => {
    expect(expressions.length).to.be.above(100);
    const reached = expressions.filter(({ place }) => !BOUNDED.has(place.replace(/:\d+$/, '')));
    expect(reached.filter(({ literal }) => isSlow(literal)).map(({ place }) => place)).to.eql([]);
  });
});
