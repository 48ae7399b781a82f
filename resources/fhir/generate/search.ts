import type { PathStep, SearchKindName, SearchParameterDefinition } from '../../definition.ts';
import { KINDS as READERS } from '../../search/kinds/registry.ts';
import { compileExpression } from './expression.ts';
import { resolveSteps, resolveStepsBelow, type Types, typeBelow } from './paths.ts';
import type { Published, PublishedSearchParameter } from './published.ts';

const KINDS = ['string', 'token', 'date', 'reference', 'number', 'quantity', 'uri', 'composite', 'special'];

/** The search parameters that are declared for a type, by code; those of its base are not among them. */
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
 * A part of a composite: relative to each place that the composite reads. R4 publishes the expressions of one
 * composite exchanged (DocumentReference-relationship): where one reads nothing that the part's kind has a meaning
 * for, the expression of the parameter that the part is defined by says what is meant.
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

/** What the parameter of a part reads below the place of a composite. */
function defined(type: string, [place = []]: PathStep[][], part: PublishedSearchParameter): PathStep[][] {
  const whole = compileExpression(part.expression ?? '').paths.flatMap((path) => belowType(path, type));
  const below = whole.filter((path) => JSON.stringify(path.slice(0, place.length)) === JSON.stringify(place));
  if (below.length === 0) throw new Error(`${part.url} reads nothing below ${JSON.stringify(place)} of ${type}`);
  return below.map((path) => path.slice(place.length));
}

/** The path without the name of the type it starts with; nothing where it starts with another type's. */
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

/** `clinical-code` lists its targets once for all types; every type is no restriction. */
function targetsOf({ target }: PublishedSearchParameter): { targets?: string[] } {
  return target === undefined || target.includes('Resource') || target.length > 140 ? {} : { targets: target };
}

/** A parameter of several types says of each what it finds: `* [Patient](patient.html): A patient's name`. */
function describe({ description }: PublishedSearchParameter, type: string): string {
  const line = description.split(/[\r\n]+/).find((text) => text.startsWith(`* [${type}]`));
  return (line === undefined ? description : line.slice(line.indexOf('): ') + 3)).trim();
}
