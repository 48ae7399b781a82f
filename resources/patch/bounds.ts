import { Failure } from '../errors.ts';
import { MAX_DEPTH } from '../json/read.ts';
import { isObject, type Json } from '../json/value.ts';

/** Characters and values that a patched resource may have: a patch that copies can double what is there each time. */
const LARGEST = 16 * 1024 * 1024;

/** Throws `business-rule` for a document deeper than the reader takes, or larger than any body. */
export function refuseOverflow(document: Json): void {
  let size = 0;
  const visit = (value: Json, depth: number): void => {
    size += 1 + (typeof value === 'string' ? value.length : 0);
    if (depth > MAX_DEPTH) throw new Failure('business-rule', 'The patched resource would be nested too deeply.');
    if (size > LARGEST) throw new Failure('business-rule', 'The patched resource would be too large.');
    if (Array.isArray(value)) for (const item of value) visit(item, depth + 1);
    else if (isObject(value)) {
      for (const [name, item] of Object.entries(value)) {
        size += name.length;
        visit(item, depth + 1);
      }
    }
  };
  visit(document, 1);
}
