import type { ElementDefinition, PathStep, ResourceDefinition, TypeDefinition } from '../../definition.ts';
import { isObject, type Json, type JsonObject } from '../../json/value.ts';
import { childrenAt, choiceKey } from '../../properties.ts';

/** Where search looks types up. */
export interface Definitions {
  /** The served resource types. */
  names(): string[];
  resource(name: string): ResourceDefinition | undefined;
  datatype(name: string): TypeDefinition | undefined;
}

/** Goes from an element of a resource to each value that a path leads to, and hands it on with the target. */
export type Walk<Target> = (from: Json, target: Target, resource: JsonObject) => void;

/** A step of a path as it is walked: to a child, or past what does not pass a test, or back to the resource. */
type Way = { name: string; index: number | undefined } | { test: (value: JsonObject) => boolean } | 'resource';

/** The end of a path: values of one declared type, and how to get to them. */
export interface Place {
  /** The name of the values' type; empty for a nested element. */
  type: string;
  way: readonly Way[];
  /** The children that the values may have. */
  children: Record<string, ElementDefinition> | undefined;
}

/** The resource itself, where paths start. */
export function root(definition: ResourceDefinition): Place {
  return { type: definition.name, way: [], children: definition.elements };
}

/**
 * Compiles a path, once, into the places it leads to: one, or one a type where the path crosses a choice.
 * A path through an element that is not declared leads nowhere.
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
  return [place]; // The step before an index has taken it already.
}

/** The places of a child: a choice is sent under a name for each of its types (`valueString`). */
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

/** Profiles of a datatype that the definitions name as types. */
function baseType(type: string): string {
  return type === 'SimpleQuantity' || type === 'MoneyQuantity' ? 'Quantity' : type;
}

function filtered(place: Place, test: (value: JsonObject) => boolean): Place {
  return { ...place, way: [...place.way, { test }] };
}

/** Compiles the way to a place, from its end: nothing is made while it is walked. */
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

/** The property of the resource that a way leads through first; undefined where it may be any. */
export function firstName({ way }: Place): string | undefined {
  const first = way[0] === 'resource' ? way[1] : way[0];
  return typeof first === 'object' && 'name' in first ? first.name : undefined;
}

function pointsTo(value: JsonObject, type: string): boolean {
  if (typeof value['reference'] !== 'string') return value['type'] === type;
  const steps = value['reference'].split('/_history/')[0]?.split('/') ?? [];
  return steps.at(-2) === type;
}
