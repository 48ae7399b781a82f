import { isObject, type Json } from '../json/value.ts';
import { isText } from './primitives.ts';
import type { Check, Run } from './run.ts';

const DEEPEST = 128;

/** Checks an object with undeclared members: refuses only what cannot be stored. */
export const openCheck: Check = (value, run) => {
  if (!isObject(value)) run.report('structure', 'must be an object');
  else walk(value, run, 0);
};

function walk(value: Json, run: Run, depth: number): void {
  if (depth > DEEPEST) run.report('structure', 'is nested too deeply');
  else if (typeof value === 'string') checkText(value, run);
  else if (Array.isArray(value)) for (const item of value) walk(item, run, depth + 1);
  else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      checkText(key, run);
      walk(item, run, depth + 1);
    }
  }
}

function checkText(text: string, run: Run): void {
  if (text.trim() !== '' && !isText(text)) run.report('value', 'must not have control characters');
}
