import type { ElementDefinition, ResourceDefinition } from '../definition.ts';
import { propertiesOf } from '../properties.ts';
import type { Registry } from '../registry.ts';
import { PRIMITIVES } from '../validate/primitives.ts';
import type { Fault } from './structure.ts';

/** What a rule of elements checks. */
interface Declared {
  registry: Registry;
  definition: ResourceDefinition;
  element: ElementDefinition;
}

/** Returns what is wrong with one element; undefined if nothing is. */
type Rule = (declared: Declared) => string | undefined;

const SHAPES = ['type', 'choice', 'elements', 'sameAs', 'open'] as const;

/** The rules for every element beyond the schema. */
const RULES: readonly Rule[] = [
  ({ element }) =>
    SHAPES.filter((shape) => element[shape] !== undefined).length === 1
      ? undefined
      : `must have one of ${SHAPES.join(', ')}`,
  ({ registry, element }) => {
    const unknown = [element.type ?? [], element.choice ?? []].flat().find((type) => !isType(registry, type));
    return unknown === undefined ? undefined : `has an unknown type, ${unknown}`;
  },
  ({ element }) => (element.choice && element.list ? 'cannot be both a list and a choice' : undefined),
  ({ definition, element: { sameAs } }) =>
    sameAs === undefined || nestedIn(definition, sameAs)
      ? undefined
      : `must refer to an element with elements, such as ${definition.name}.item`,
  ({ registry, element: { targets = [] } }) => {
    const unknown = targets.find((target) => registry.resource(target) === undefined);
    return unknown === undefined ? undefined : `refers to an unknown resource type, ${unknown}`;
  },
];

/** Returns the faults of the elements of a declaration, including nested ones, and of its secrets. */
export function elementFaults(registry: Registry, definition: ResourceDefinition): Fault[] {
  const inherited = registry.base(definition.base ?? '')?.elements ?? {};
  const taken = Object.keys(definition.elements).filter((name) => Object.hasOwn(inherited, name));
  return [
    ...taken.map((name) => ({
      place: `elements.${name}`,
      message: `is inherited from ${definition.base}: omit it`,
    })),
    ...walk(registry, definition, definition.elements, 'elements'),
    ...secretFaults(definition),
  ];
}

function walk(
  registry: Registry,
  definition: ResourceDefinition,
  elements: Record<string, ElementDefinition>,
  place: string,
): Fault[] {
  const properties = new Set<string>();
  return Object.entries(elements).flatMap(([name, element]) => {
    const here = `${place}.${name}`;
    const messages = RULES.map((rule) => rule({ registry, definition, element }));
    for (const property of propertiesOf(name, element)) {
      if (properties.has(property)) messages.push(`would share the property ${property} with another element`);
      properties.add(property);
    }
    const own = messages.flatMap((message) => (message === undefined ? [] : [{ place: here, message }]));
    return [...own, ...walk(registry, definition, element.elements ?? {}, `${here}.elements`)];
  });
}

function secretFaults({ elements, secrets = [] }: ResourceDefinition): Fault[] {
  return secrets.flatMap((name, index) => {
    const element = Object.hasOwn(elements, name) ? elements[name] : undefined;
    const isFit = element?.type === 'string' && element.list !== true && element.min !== 1;
    const message = `must name a string element that is neither a list nor required`;
    return isFit ? [] : [{ place: `secrets[${index}]`, message }];
  });
}

function isType(registry: Registry, type: string): boolean {
  return type === 'Resource' || PRIMITIVES[type] !== undefined || registry.datatype(type) !== undefined;
}

function nestedIn({ name, elements }: ResourceDefinition, path: string): boolean {
  const [root, ...steps] = path.split('.');
  let below: Record<string, ElementDefinition> | undefined = elements;
  for (const step of steps)
    below = below !== undefined && Object.hasOwn(below, step) ? below[step]?.elements : undefined;
  return root === name && steps.length > 0 && below !== undefined;
}
