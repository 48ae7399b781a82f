import type { ElementDefinition, PathStep, ResourceDefinition, TypeDefinition } from '../../definition.ts';
import { isObject, type Json, type JsonObject } from '../../json/value.ts';
import { childrenAt, choiceKey } from '../../properties.ts';

/** Looks up type definitions for search. */
export interface Definitions {
  /** Returns the served resource types. */
  names(): string[];
  resource(name: string): ResourceDefinition | undefined;
  datatype(name: string): TypeDefinition | undefined;
}

/** Walks from an element of a resource to each value at the end of a path, and passes it to the target. */
export type Walk<Target> = (from: Json, target: Target, resource: JsonObject) => void;

/** A compiled step of a path: to a child, a test that a value must pass, or back to the resource. */
type Way = { name: string; index: number | undefined } | { test: (value: JsonObject) => boolean } | 'resource';

/** The end of a path: values of one declared type, and the steps to them. */
export interface Place {
  /** The type of the values; empty for a nested element. */
  type: string;
  way: readonly Way[];
  /** The declared children of the values. */
  children: Record<string, ElementDefinition> | undefined;
}

/** Returns the resource itself, where paths start. */
export function root(definition: ResourceDefinition): Place {
  return { type: definition.name, way: [], children: definition.elements };
}

/**
 * Compiles a path into its end places: one, or one per type if the path crosses a choice. A path through an undeclared
 * element has none.
 */
export function places(definitions: Definitions, start: ResourceDefinition, from: Place, path: PathStep[]): Place[] {
  let reached = [from];
  path.forEach((step, position) => {
    if (step === '%resource') reached = [{ ...root(start), way: ['resource'] }];
    else reached = reached.flatMap((place) => take(definitions, place, step, path[position + 1]));
  });
  return reached;
}

function take(definitions: Definitions, place: Place, step: PathStep, next: PathStep | undefined): Place[] {
  if (typeof step === 'string') {
    const index = typeof next === 'object' && 'at' in next ? next.at : undefined;
    return below(definitions, place, step, index);
  }
  if ('as' in step) return place.type === baseType(step.as) ? [place] : [];
  if ('resolvesTo' in step) return [filtered(place, (value) => pointsTo(value, step.resolvesTo))];
  if ('where' in step) {
    const wanted = Object.entries(step.where);
    return [filtered(place, (value) => wanted.every(([name, text]) => String(value[name]) === text))];
  }
  return [place]; // The index was applied by the step before.
}

/** Returns the places of a child. A choice has one property name per type (`valueString`). */
function below(definitions: Definitions, place: Place, name: string, index: number | undefined): Place[] {
  const children = place.children ?? {};
  const element = Object.hasOwn(children, name) ? children[name] : undefined;
  if (element === undefined) return [];
  if (element.choice === undefined) {
    return [{ ...typed(definitions, element), way: [...place.way, { name, index }] }];
  }
  return element.choice.map((type) => ({
    ...typed(definitions, { type }),
    way: [...place.way, { name: choiceKey(name, type), index }],
  }));
}

function typed(definitions: Definitions, element: ElementDefinition): Pick<Place, 'type' | 'children'> {
  if (element.elements !== undefined) return { type: '', children: element.elements };
  if (element.sameAs !== undefined) return { type: '', children: childrenAt(definitions, element.sameAs) };
  const type = baseType(element.type ?? '');
  return { type, children: definitions.datatype(type)?.elements };
}

/** Maps profiles that the definitions use as types to their base datatype. */
function baseType(type: string): string {
  return type === 'SimpleQuantity' || type === 'MoneyQuantity' ? 'Quantity' : type;
}

function filtered(place: Place, test: (value: JsonObject) => boolean): Place {
  return { ...place, way: [...place.way, { test }] };
}

/** Compiles the steps to a place, last step first, so that a walk allocates nothing. */
export function walkTo<Target>({ way }: Place, visit: (value: Json, target: Target) => void): Walk<Target> {
  const arrive: Walk<Target> = (from, target) => visit(from, target);
  return way.reduceRight((rest, step): Walk<Target> => {
    if (step === 'resource') return (_, target, resource) => rest(resource, target, resource);
    if ('test' in step)
      return (from, target, resource) => isObject(from) && step.test(from) && rest(from, target, resource);
    return toChild(step.name, step.index, rest);
  }, arrive);
}

function toChild<Target>(name: string, index: number | undefined, rest: Walk<Target>): Walk<Target> {
  return (from, target, resource) => {
    const child = isObject(from) ? from[name] : undefined;
    if (child === undefined || child === null) return;
    if (!Array.isArray(child)) return rest(child, target, resource);
    if (index !== undefined) {
      const item = child[index] ?? null;
      if (item !== null) rest(item, target, resource);
      return;
    }
    for (const item of child) if (item !== null) rest(item, target, resource);
  };
}

/** Returns the property of the resource that a path starts with; undefined if it may be any. */
export function firstName({ way }: Place): string | undefined {
  const first = way[0] === 'resource' ? way[1] : way[0];
  return typeof first === 'object' && 'name' in first ? first.name : undefined;
}

function pointsTo(value: JsonObject, type: string): boolean {
  if (typeof value['reference'] !== 'string') return value['type'] === type;
  const steps = value['reference'].split('/_history/')[0]?.split('/') ?? [];
  return steps.at(-2) === type;
}
