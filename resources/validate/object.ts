import { isObject, type JsonObject } from '../json/value.ts';
import type { Member } from './elements.ts';
import type { Check, Run } from './run.ts';

/** An object's declaration, compiled. */
export interface Shape {
  /** By property: `birthDate`, `_birthDate`, `valueQuantity`. */
  members: ReadonlyMap<string, Member>;
  /** Elements that must be there. */
  required: readonly string[];
  /** Choices by name, each with its bit, and whether one must be made. */
  choices: readonly { name: string; bit: number; required: boolean }[];
  /** What is demanded once the structure is right. */
  further: readonly Check[];
  /** A resource has a resourceType and no rule ele-1. */
  resourceType?: string;
}

/** Elements inside of elements and lists: far beyond what any resource needs. */
const DEEPEST = 128;
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** Checks an object against its declaration; every fault is reported, those between elements only if the rest is right. */
export function objectCheck(shape: Shape): Check {
  const { members, required, choices, further, resourceType } = shape;
  return (value, run) => {
    if (!isObject(value)) {
      run.report('structure', value === null ? 'must not be null: leave it out' : 'must be an object');
      return;
    }
    if (run.path.length > DEEPEST) {
      run.report('structure', 'is nested too deeply');
      return;
    }
    const before = run.issues.length;
    const keys = Object.keys(value);
    if (resourceType === undefined) checkContent(keys, run);
    let chosen = 0;
    for (const key of keys) {
      const member = members.get(key);
      if (member === undefined) {
        if (resourceType === undefined || key !== 'resourceType') reportUnknown(key, shape, run);
        continue;
      }
      if (member.choice !== 0) {
        if ((chosen & member.choice) !== 0 && !isSibling(value, key)) reportSecond(member.element, run);
        chosen |= member.choice;
      }
      member.check(value, key, run);
    }
    if (resourceType !== undefined) checkType(value, resourceType, run);
    for (const name of required) {
      if (value[name] === undefined && value[`_${name}`] === undefined) run.report('required', 'is required', name);
    }
    for (const { name, bit, required: isRequired } of choices) {
      if (isRequired && (chosen & bit) === 0) run.report('required', 'is required', name);
    }
    if (run.issues.length === before) for (const check of further) check(value, run);
  };
}

/** An element has a value or something other than an id (ele-1). */
function checkContent(keys: string[], run: Run): void {
  if (keys.length === 0) run.report('structure', 'must not be an empty object: leave it out');
  else if (keys.length === 1 && keys[0] === 'id') run.report('invariant', 'must have more than an id (ele-1)');
}

/** True where a property is one half of a primitive whose other half is there too. */
function isSibling(value: JsonObject, key: string): boolean {
  return value[key.startsWith('_') ? key.slice(1) : `_${key}`] !== undefined;
}

function reportSecond(element: string, run: Run): void {
  run.report('structure', `may be given once: choose one of its types`, element);
}

function reportUnknown(key: string, { members, choices }: Shape, run: Run): void {
  const choice = choices.find(({ name }) => key.startsWith(name) && /^[A-Z]/.test(key.slice(name.length)));
  if (choice !== undefined) {
    const allowed = [...members].filter(([name, member]) => member.element === choice.name && !name.startsWith('_'));
    run.report('structure', `must be one of ${allowed.map(([name]) => name).join(', ')}`, choice.name);
    return;
  }
  const isPlain = PLAIN_NAME.test(key);
  const near = members.get(key.startsWith('_') ? key.slice(1) : key.charAt(0).toLowerCase() + key.slice(1))?.element;
  const hint = near === undefined ? 'check its spelling and its place' : `did you mean ${near}?`;
  if (isPlain) run.report('structure', `is not an element of this type: ${hint}`, key.replace(/^_/, ''));
  else run.report('structure', 'has an element of a name that cannot be one: names are letters and digits');
}

function checkType({ resourceType }: JsonObject, expected: string, run: Run): void {
  if (resourceType !== undefined && resourceType !== expected) {
    run.report('structure', `must be ${expected} here`, 'resourceType');
  }
}
