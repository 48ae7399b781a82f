/** How a criterion is made of numbers and of a patient whom it is about. */
import fc from 'fast-check';
import type { Reference } from 'fhir/r4.js';
import type { Ask, Criterion, Link } from './criterion.ts';
import { DRAW, pick, pointed } from './draw.ts';
import { PARAMETERS, type Parameter, type Resource } from './parameters.ts';
import type { World } from './world.ts';

type Modifiers = readonly (string | undefined)[];

/** By kind; each is as likely as it stands here often. `[type]` stands for the name of one. */
const MODIFIERS: Record<Parameter['kind'], Modifiers> = {
  string: [undefined, undefined, undefined, undefined, 'exact', 'contains', 'contains', 'missing'],
  token: [undefined, undefined, undefined, undefined, 'not', 'not', 'missing'],
  date: [undefined, undefined, undefined, undefined, undefined, 'missing'],
  reference: [undefined, undefined, undefined, '[type]', '[type]', 'identifier', 'missing'],
  uri: [undefined, 'below', 'above', 'missing'],
};
const OF_IDENTIFIERS: Modifiers = [...MODIFIERS.token, 'of-type', 'of-type'];

type Type = Resource['resourceType'];

/** The links, with the type from which values are drawn and the parameters that are asked behind them. */
const LINKS: [link: Link, of: Type, parameters: string[]][] = [
  [chain('organization'), 'Organization', ['name', 'active', '_id', 'identifier']],
  [chain('organization', 'Organization'), 'Organization', ['name', 'active']],
  [chain('general-practitioner'), 'Practitioner', ['name', 'gender', 'family']],
  [chain('general-practitioner', 'Practitioner'), 'Practitioner', ['name', 'gender', '_id']],
  [chain('link'), 'Patient', ['name', 'gender', 'birthdate', 'deceased']],
  [chain('link', 'Patient'), 'Patient', ['name', 'family', 'gender', 'organization']],
  [chain('link', 'RelatedPerson'), 'RelatedPerson', ['name', 'gender', '_id']],
  [{ way: 'has', parameter: 'link', type: 'Patient' }, 'Patient', ['name', 'gender', 'birthdate', 'organization']],
];

function chain(parameter: string, type?: Type): Link {
  return { way: 'chain', parameter, type };
}

const number = fc.nat(0xffff);

/** What a criterion asks: a parameter of the searched type, or one behind a link. */
interface Subject {
  link: Link | undefined;
  type: Type;
  parameter: string;
}

/** Dates have more to be wrong about. */
const OWN = [...Object.keys(PARAMETERS.Patient), 'birthdate', 'birthdate', 'death-date', 'death-date'].map(
  (parameter): Subject => ({ link: undefined, type: 'Patient', parameter }),
);
const LINKED = LINKS.flatMap(([link, type, parameters]) =>
  parameters.map((parameter): Subject => ({ link, type, parameter })),
);

/** Numbers that values are made from; by itself each shrinks to a simpler one. */
const drawing = fc.record({ own: fc.nat(3), whose: number, which: number, shape: number, cut: number });

/** What a criterion is made of. */
export const recipe = fc.record({
  subject: number,
  linked: fc.nat(7),
  any: fc.nat(9),
  miss: fc.nat(9),
  modifier: number,
  asks: fc.array(drawing, { minLength: 1, maxLength: 3 }),
});

type Recipe = typeof recipe extends fc.Arbitrary<infer Value> ? Value : never;

const ATTEMPTS = 12;

/** A criterion of a recipe: in most, the first variant that finds the patient; otherwise whatever comes of it. */
export function criterionOf(world: World, whom: Resource, recipe: Recipe): Criterion {
  const subject = subjectOf(whom, recipe);
  const attempts = recipe.miss === 0 ? 1 : ATTEMPTS;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const made = variant(world, whom, recipe, subject, attempt);
    if (world.finds(made, whom)) return made;
  }
  return variant(world, whom, recipe, subject, 0);
}

/** Where anything goes, a parameter may be one of which the patient has no value. */
function subjectOf(whom: Resource, { subject, linked, any }: Recipe): Subject {
  const has = ({ link, parameter }: Subject) =>
    valuesOf(whom, link?.way === 'chain' ? link.parameter : parameter).length > 0;
  const subjects = linked === 7 ? LINKED : OWN;
  const fitting = subjects.filter(has);
  return pick(any === 0 || fitting.length === 0 ? subjects : fitting, subject);
}

function valuesOf(resource: Resource, parameter: string): unknown[] {
  return PARAMETERS[resource.resourceType][parameter]?.values(resource) ?? [];
}

function variant(world: World, whom: Resource, recipe: Recipe, subject: Subject, attempt: number): Criterion {
  const { link, type, parameter } = subject;
  const known = PARAMETERS[type][parameter];
  if (known === undefined) throw new Error(`there is no ${type}.${parameter}`);
  const modifiers = parameter === 'identifier' ? OF_IDENTIFIERS : MODIFIERS[known.kind];
  const chosen = pick(modifiers, recipe.modifier + attempt);
  if (chosen === 'missing') return { link, parameter, modifier: chosen, asks: [plain(String(attempt % 2 === 0))] };
  const drawn = recipe.asks.map(({ own, whose, which, shape, cut }) => {
    const values = valuesOf(link === undefined && own > 0 ? whom : pick(world.of(type), whose), parameter);
    const value = pick(values.length > 0 ? values : world.values(type, parameter), which);
    return { value, whim: { shape: shape + attempt, cut } };
  });
  const modifier = chosen === '[type]' ? pointed(drawn[0]?.value as Reference)[0] : chosen;
  const asks = drawn.map(({ value, whim }) => DRAW[known.kind](value as never, whim, modifier));
  // An id has no system.
  const bare = parameter === '_id' ? asks.map(({ parts }) => plain(parts.at(-1) || 'none')) : asks;
  return { link, parameter, modifier, asks: bare };
}

function plain(text: string): Ask {
  return { prefix: '', parts: [text] };
}
