import type { ElementDefinition, PathStep, ResourceDefinition, TypeDefinition } from '../definition.ts';
import { isObject, type Json, type JsonObject } from '../json/value.ts';

/** Where search looks types up. */
export interface Definitions {
  /** The served resource types. */
  names(): string[];
  resource(name: string): ResourceDefinition | undefined;
  datatype(name: string): TypeDefinition | undefined;
}

/** Calls `found` with each value that a path leads to, from an element of a resource. */
type Walk = (from: JsonObject, found: (value: Json) => void, resource: JsonObject) => void;

/** The end of a path: values of one declared type, and how to get to them. */
export interface Place {
  /** The name of the values' type; empty for a nested element. */
  type: string;
  walk: Walk;
  /** The children that the values may have. */
  children: Record<string, ElementDefinition> | undefined;
}

/** The resource itself, where paths start. */
export function root(definition: ResourceDefinition): Place {
  return { type: definition.name, walk: (from, found) => found(from), children: definition.elements };
}

/**
 * Compiles a path, once, into the places it leads to: one, or one a type where the path crosses a choice.
 * A path through an element that is not declared leads nowhere.
 */
export function places(definitions: Definitions, start: ResourceDefinition, from: Place, path: PathStep[]): Place[] {
  let reached = [from];
  path.forEach((step, position) => {
    if (step === '%resource') reached = [{ ...root(start), walk: (_from, found, resource) => found(resource) }];
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
    return [{ ...typed(definitions, element), walk: step(place.walk, name, index) }];
  }
  return element.choice.map((type) => ({
    ...typed(definitions, { type }),
    walk: step(place.walk, name + type.charAt(0).toUpperCase() + type.slice(1), index),
  }));
}

function typed(definitions: Definitions, element: ElementDefinition): Pick<Place, 'type' | 'children'> {
  if (element.elements !== undefined) return { type: '', children: element.elements };
  if (element.sameAs !== undefined) return { type: '', children: nested(definitions, element.sameAs) };
  const type = baseType(element.type ?? '');
  return { type, children: definitions.datatype(type)?.elements };
}

/** The children of a nested element given by its path from the type (`Questionnaire.item`). */
function nested(definitions: Definitions, path: string): Record<string, ElementDefinition> | undefined {
  const [type = '', ...names] = path.split('.');
  let children = (definitions.resource(type) ?? definitions.datatype(type))?.elements;
  for (const name of names) children = children?.[name]?.elements;
  return children;
}

/** Profiles of a datatype that the definitions name as types. */
function baseType(type: string): string {
  return type === 'SimpleQuantity' || type === 'MoneyQuantity' ? 'Quantity' : type;
}

function step(walk: Walk, name: string, index: number | undefined): Walk {
  return (from, found, resource) =>
    walk(
      from,
      (value) => {
        const child = isObject(value) ? value[name] : undefined;
        if (child === undefined || child === null) return;
        if (!Array.isArray(child)) return found(child);
        const taken = index === undefined ? child : child.slice(index, index + 1);
        for (const item of taken) if (item !== null) found(item);
      },
      resource,
    );
}

function filtered(place: Place, test: (value: JsonObject) => boolean): Place {
  return {
    ...place,
    walk: (from, found, resource) =>
      place.walk(from, (value) => isObject(value) && test(value) && found(value), resource),
  };
}

function pointsTo(value: JsonObject, type: string): boolean {
  if (typeof value['reference'] !== 'string') return value['type'] === type;
  const steps = value['reference'].split('/_history/')[0]?.split('/') ?? [];
  return steps.at(-2) === type;
}
