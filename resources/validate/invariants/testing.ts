/** The invariants of TestScript and TestReport (https://hl7.org/fhir/R4/testscript.html#invs). */
import { isObject, type JsonObject } from '../../json/value.ts';
import { countOf, has, notAll, objects, oneOf, type Rule, textOf } from './values.ts';

const TARGETLESS = ['capabilities', 'search', 'transaction', 'history'];
const ASSERTED = `contentType expression headerField minimumId navigationLinks path requestMethod resource responseCode
  response validateProfileId`
  .trim()
  .split(/\s+/);

function hasOneTarget(operation: JsonObject): boolean {
  const type = operation.type ?? null;
  if (has(operation, 'sourceId') || countOf(operation, ['targetId', 'url', 'params']) === 1) return true;
  return isObject(type) && TARGETLESS.includes(textOf(type.code));
}

const assertsOnce: Rule = (assert) => has(assert, 'extension') || countOf(assert, ASSERTED) <= 1;

/** A comparison with another source, and only that, states an expression or a path of it. */
const comparesWhole: Rule = (assert) =>
  has(assert, 'compareToSourceId') === countOf(assert, ['compareToSourceExpression', 'compareToSourcePath']) > 0;

const looksTheRightWay: Rule = (assert) =>
  assert.direction !== 'request' || countOf(assert, ['response', 'responseCode']) === 0;

const actsOnce = oneOf('operation', 'assert');

export const TESTING: Record<string, Rule> = {
  'inv-1: Setup action SHALL contain either an operation or assert but not both.': actsOnce,
  'inv-2': actsOnce,
  'tst-1': actsOnce,
  'tst-2': actsOnce,
  'tst-3': notAll('expression', 'headerField', 'path'),
  'tst-4': (metadata) =>
    objects(metadata, 'capability').every((part) => has(part, 'required') || has(part, 'validated')),
  'tst-5': assertsOnce,
  'tst-6': assertsOnce,
  'tst-7': hasOneTarget,
  'tst-8': hasOneTarget,
  'tst-9': hasOneTarget,
  'tst-10': comparesWhole,
  'tst-11': comparesWhole,
  'tst-12': looksTheRightWay,
  'tst-13': looksTheRightWay,
};
