import type { CodeSystem } from './code-system.ts';
import { METRIC, NOT_METRIC, PREFIXES } from './unit-symbols.ts';

const SYMBOLS = new Set([
  ...METRIC,
  ...NOT_METRIC,
  ...PREFIXES.flatMap((prefix) => METRIC.map((unit) => prefix + unit)),
]);
const FACTOR = /^\d+$/;
const EXPONENT = /[+-]?\d{1,3}$/;
/** An annotation in braces has no meaning to machines: any printable ASCII except braces. */
const ANNOTATION = /^\{[!-z|~]*\}$/;
/** Tokens: a symbol (with `.` and `/` allowed inside square brackets), an annotation, an operator, a parenthesis. */
const TOKENS = /\{[^{}]*\}|[./()]|(?:\[[^[\]]*\]|[^[\]{}./()])+/gy;

/** Units of the Unified Code for Units of Measure, case sensitive: `mm[Hg]`, `10*3/uL`, `{score}`. */
export const units: CodeSystem = {
  isCode: isUnit,
  remedy: 'must be a UCUM unit, such as mg/dL, mm[Hg] or {score}',
};

function isUnit(code: string): boolean {
  const tokens = code.match(TOKENS) ?? [];
  if (tokens.join('') !== code) return false;
  // Published lists also have annotations after numbers and parentheses, unlike the grammar: `/100{WBCs}`.
  // An operator or an opening parenthesis must be followed by a component, a component by an operator or the end.
  let depth = 0;
  let isDue = true;
  let annotatable = false;
  for (const [index, token] of tokens.entries()) {
    if (token === '(') {
      if (!isDue) return false;
      depth += 1;
    } else if (token === '.' || token === '/') {
      // A unit may begin with a division: `/min`.
      if (isDue && !(token === '/' && index === 0)) return false;
      isDue = true;
    } else if (token === ')') {
      if (isDue || depth === 0) return false;
      depth -= 1;
      annotatable = true;
    } else if (token.startsWith('{')) {
      if (!ANNOTATION.test(token) || !(isDue || annotatable)) return false;
      isDue = false;
      annotatable = false;
    } else {
      if (!isDue || !isSimple(token)) return false;
      isDue = false;
      annotatable = true;
    }
  }
  return !isDue && depth === 0;
}

/** Returns true for a number, or a unit symbol with or without an exponent: `10`, `m2`, `10*-3`. */
function isSimple(token: string): boolean {
  return FACTOR.test(token) || SYMBOLS.has(token) || SYMBOLS.has(token.replace(EXPONENT, ''));
}
