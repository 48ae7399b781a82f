import type { ElementDefinition, PathStep, TypeDefinition } from '../../definition.ts';

/** The generated types by name. */
export type Types = ReadonlyMap<string, TypeDefinition>;

/** The current place of a path: a type, or a nested element. */
type Place = { type: string } | { element: ElementDefinition };

/**
 * Resolves the steps of a path for a type: checks them against its elements, and corrects the case of type names.
 * Throws if an element or type does not exist.
 */
export function resolveSteps(types: Types, type: string, steps: PathStep[]): PathStep[] {
  return follow(types, { type }, type, steps).steps;
}

/** Resolves steps that start where the steps `above` end: those of a composite's component. */
export function resolveStepsBelow(types: Types, type: string, above: PathStep[], steps: PathStep[]): PathStep[] {
  const { place } = follow(types, { type }, type, above);
  return follow(types, place, type, steps).steps;
}

/** Returns the type at the end of steps that start where the steps `above` end; the first type of a choice. */
export function typeBelow(types: Types, type: string, above: PathStep[], steps: PathStep[]): string {
  const { place } = follow(types, follow(types, { type }, type, above).place, type, steps);
  return 'type' in place ? place.type : (place.element.base ?? '');
}

/** Returns the path under which an element is declared, for extension contexts: `Patient.contact` stays unchanged. */
export function canonicalPath(types: Types, path: string): string {
  const [type = '', ...names] = path.split('.');
  let place: Place = { type };
  let canonical = type;
  for (const name of names) {
    const element: ElementDefinition = child(types, place, name, path);
    canonical = `${'type' in place ? place.type : canonical}.${name}`;
    if (element.sameAs !== undefined) canonical = element.sameAs;
    place = below(types, element, path);
  }
  return canonical;
}

function follow(types: Types, start: Place, root: string, steps: PathStep[]): { steps: PathStep[]; place: Place } {
  let place = start;
  let element: ElementDefinition | undefined;
  const resolved = steps.map((step): PathStep => {
    if (typeof step === 'string') {
      if (step === '%resource') {
        place = { type: root };
        return step;
      }
      element = child(types, place, step, JSON.stringify(steps));
      place = below(types, element, JSON.stringify(steps));
      return step;
    }
    if (!('as' in step)) return step;
    const named = [...(element?.choice ?? [])].find((type) => type.toLowerCase() === step.as.toLowerCase());
    if (named === undefined) throw new Error(`${JSON.stringify(steps)}: ${step.as} is not a choice in ${root}`);
    place = { type: named };
    return { as: named };
  });
  return { steps: resolved, place };
}

/** Returns an element by its name; it may be inherited. */
function child(types: Types, place: Place, name: string, path: string): ElementDefinition {
  let base = 'type' in place ? place.type : place.element.base;
  let found = 'element' in place ? place.element.elements?.[name] : undefined;
  while (found === undefined && base !== undefined) {
    const type = types.get(base);
    found = type?.elements[name];
    base = type?.base;
  }
  if (found === undefined) throw new Error(`${path}: there is no ${name}`);
  return found;
}

function below(types: Types, element: ElementDefinition, path: string): Place {
  if (element.elements !== undefined) return { element };
  if (element.sameAs === undefined) return { type: element.type ?? element.choice?.[0] ?? '' };
  const [type = '', ...names] = element.sameAs.split('.');
  let place: Place = { type };
  for (const name of names) place = below(types, child(types, place, name, path), path);
  return place;
}
