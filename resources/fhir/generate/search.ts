import type { PathStep, SearchKindName, SearchParameterDefinition } from '../../definition.ts';
import { KINDS as READERS } from '../../search/kinds/registry.ts';
import { compileExpression } from './expression.ts';
import { resolveSteps, resolveStepsBelow, type Types, typeBelow } from './paths.ts';
import type { Published, PublishedSearchParameter } from './published.ts';

const KINDS = ['string', 'token', 'date', 'reference', 'number', 'quantity', 'uri', 'composite', 'special'];

/** Returns the search parameters declared for a type by code, without inherited ones. */
export function searchParameters(
  published: Published,
  types: Types,
  type: string,
): Record<string, SearchParameterDefinition> {
  const own = published.searchParameters.filter(
    ({ base, expression }) => base.includes(type) && expression !== undefined,
  );
  own.sort((one, other) => (one.code < other.code ? -1 : 1));
  return Object.fromEntries(own.map((parameter) => [parameter.code, definition(published, types, type, parameter)]));
}

function definition(
  published: Published,
  types: Types,
  type: string,
  parameter: PublishedSearchParameter,
): SearchParameterDefinition {
  const { paths: all, transform } = compileExpression(parameter.expression ?? '');
  const relative = all.flatMap((path) => belowType(path, type));
  if (relative.length === 0) throw new Error(`${parameter.url} reads nothing of ${type}`);
  const components = parameter.component?.map(({ definition: url, expression }) => {
    const part = published.searchParameters.find((candidate) => candidate.url === url);
    if (part === undefined) throw new Error(`${parameter.url} has an unknown component ${url}`);
    return component(types, type, relative, part, expression);
  });
  return {
    kind: kindOf(parameter),
    paths: relative.map((path) => resolveSteps(types, type, path)),
    ...targetsOf(parameter),
    ...(transform === undefined ? {} : { transform }),
    ...(components === undefined ? {} : { components }),
    url: parameter.url,
    description: describe(parameter, type),
  };
}

/**
 * Returns a component of a composite, relative to each place that the composite reads. R4 publishes one composite
 * (DocumentReference-relationship) with its expressions swapped: if an expression reads nothing that the component's
 * kind supports, that of the parameter which defines the component is used.
 */
function component(
  types: Types,
  type: string,
  above: PathStep[][],
  part: PublishedSearchParameter,
  expression: string,
): SearchParameterDefinition {
  const kind = kindOf(part);
  const written = compileExpression(expression).paths;
  const isRead = (path: PathStep[]) =>
    above.some((place) => READERS[kind]?.reader(typeBelow(types, type, place, path)) !== undefined);
  const paths = (written.some(isRead) ? written : defined(type, above, part)).map((path) => {
    const [resolved, ...others] = above.map((place) => JSON.stringify(resolveStepsBelow(types, type, place, path)));
    if (resolved === undefined || others.some((other) => other !== resolved)) {
      throw new Error(`${expression} means different things at the places of a composite`);
    }
    return JSON.parse(resolved) as PathStep[];
  });
  return { kind, paths, ...targetsOf(part) };
}

/** Returns the paths of a component's own parameter, relative to the place of the composite. */
function defined(type: string, [place = []]: PathStep[][], part: PublishedSearchParameter): PathStep[][] {
  const whole = compileExpression(part.expression ?? '').paths.flatMap((path) => belowType(path, type));
  const below = whole.filter((path) => JSON.stringify(path.slice(0, place.length)) === JSON.stringify(place));
  if (below.length === 0) throw new Error(`${part.url} reads nothing below ${JSON.stringify(place)} of ${type}`);
  return below.map((path) => path.slice(place.length));
}

/** Returns the path without its leading type name; nothing if it starts with another type. */
function belowType(path: PathStep[], type: string): PathStep[][] {
  const [first, ...rest] = path;
  if (first === type) return [rest];
  return typeof first === 'string' && /^[A-Z]/.test(first) ? [] : [path];
}

function kindOf(parameter: PublishedSearchParameter): SearchKindName {
  const kind = KINDS.find((name) => name === parameter.type);
  if (kind === undefined) throw new Error(`${parameter.url} has an unknown type ${parameter.type}`);
  return kind as SearchKindName;
}

/**
 * A parameter of several types, such as `clinical-code`, lists the targets of all of them together. `Resource` or a
 * list of every type is no restriction.
 */
function targetsOf({ target }: PublishedSearchParameter): { targets?: string[] } {
  return target === undefined || target.includes('Resource') || target.length > 140 ? {} : { targets: target };
}

/** A parameter of several types describes itself for each: `* [Patient](patient.html): A patient's name`. */
function describe({ description }: PublishedSearchParameter, type: string): string {
  const line = description.split(/[\r\n]+/).find((text) => text.startsWith(`* [${type}]`));
  return (line === undefined ? description : line.slice(line.indexOf('): ') + 3)).trim();
}
