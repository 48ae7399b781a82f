import { isObject, type JsonObject } from '../json/value.ts';
import type { Member } from './elements.ts';
import type { Check, Run } from './run.ts';

/** An element of which one of several types may be given. */
export interface Choice {
  name: string;
  /** Identifies the choice among those of its object. */
  bit: number;
  required: boolean;
}

/** The compiled declaration of an object. */
export interface Shape {
  /** By property: `birthDate`, `_birthDate`, `valueQuantity`. */
  members: ReadonlyMap<string, Member>;
  /** Required elements. */
  required: readonly string[];
  choices: readonly Choice[];
  /** Checks beyond the structure. */
  further: readonly Check[];
  /** Set for a resource, which has a `resourceType` and may have no other property. */
  resourceType?: string;
  /** True for the sibling of a primitive: it may have only an id, since the primitive is its content. */
  beside?: boolean;
}

/** Maximum nesting of elements and lists, far beyond what resources need. */
const DEEPEST = 128;
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/**
 * Returns the check of an object against its declaration, including the rules between its elements. These rules ignore
 * values of a wrong type, which are reported at their own place.
 */
export function objectCheck(shape: Shape): Check {
  const { members, choices, further, resourceType, beside = false } = shape;
  const required = shape.required.map((name) => ({ name, sibling: `_${name}` }));
  return (value, run) => {
    if (!isObject(value)) {
      run.report('structure', value === null ? 'must not be null: omit it' : 'must be an object');
      return;
    }
    if (run.path.length > DEEPEST) {
      run.report('structure', 'is nested too deeply');
      return;
    }
    const keys = Object.keys(value);
    if (resourceType === undefined) checkContent(keys, beside, run);
    else checkType(value, resourceType, run);
    let chosen = 0;
    let doubled = 0;
    for (const key of keys) {
      const member = members.get(key);
      if (member === undefined) {
        if (resourceType === undefined || key !== 'resourceType') reportUnknown(key, shape, run);
        continue;
      }
      doubled |= chosen & member.choice;
      chosen |= member.choice;
      member.check(value, key, run);
    }
    for (const { name, sibling } of required) {
      if (value[name] === undefined && value[sibling] === undefined) run.report('required', 'is required', name);
    }
    for (const choice of choices) {
      if (choice.required && (chosen & choice.bit) === 0) run.report('required', 'is required', choice.name);
      if ((doubled & choice.bit) !== 0) checkSingle(choice, keys, shape, run);
    }
    for (const check of further) check(value, run);
  };
}

/** An element needs a value or something besides an id (ele-1). */
function checkContent(keys: string[], beside: boolean, run: Run): void {
  if (keys.length === 0) run.report('structure', 'must not be an empty object: omit it');
  else if (keys.length === 1 && keys[0] === 'id' && !beside)
    run.report('invariant', 'must have more than an id (ele-1)');
}

/** Only one type of a choice may be given; a primitive and its sibling count as one. */
function checkSingle({ name, bit }: Choice, keys: string[], { members }: Shape, run: Run): void {
  const given = keys.map((key) => members.get(key)).filter((member) => member?.choice === bit);
  if (new Set(given.map((member) => member?.step)).size > 1) {
    run.report('structure', 'must have only one of its types', name);
  }
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
  if (isPlain) run.report('structure', `is not an element of this type: ${hint}`, key.replace(/^_(?=[A-Za-z])/, ''));
  else run.report('structure', 'has an element with an invalid name: names have only letters and digits');
}

function checkType({ resourceType }: JsonObject, expected: string, run: Run): void {
  if (resourceType !== undefined && resourceType !== expected) {
    run.report('structure', `must be ${expected} here`, 'resourceType');
  }
}
