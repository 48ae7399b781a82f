import { isObject, type JsonObject } from '../../resources/json/value.ts';
import { allOf, anyOf } from './decision.ts';
import { type PolicyEngine, PolicyError } from './engine.ts';

/** Permits what all policies in `and`, or any policy in `or`, permit. */
export const complex: PolicyEngine = {
  name: 'complex',
  elements: ['and', 'or'],
  compile(policy, place, { nested }) {
    const { and, or } = policy;
    if ((and === undefined) === (or === undefined)) {
      throw new PolicyError(place, 'A complex policy must have either "and" or "or".');
    }
    const name = and === undefined ? 'or' : 'and';
    const parts = partsOf(policy, name, place).map((part, at) => nested(part, `${place}.${name}[${at}]`));
    const combine = name === 'and' ? allOf : anyOf;
    return (request) => combine(parts, (decide) => decide(request));
  },
};

function partsOf(policy: JsonObject, name: 'and' | 'or', place: string): JsonObject[] {
  const parts = policy[name];
  if (!Array.isArray(parts) || parts.length === 0) {
    throw new PolicyError(`${place}.${name}`, `${name} must list at least one policy.`);
  }
  return parts.map((part, at) => {
    if (isObject(part)) return part;
    throw new PolicyError(`${place}.${name}[${at}]`, 'A part of a complex policy must be an object.');
  });
}
