import { Failure } from '../../errors.ts';
import { foldName } from '../../storage/names.ts';
import type { Parameter } from '../index/extract.ts';
import { splitEscaped } from '../index/text.ts';
import type { SearchKind, ValueContext } from '../kinds/kind.ts';
import type { Access, Criterion, RowsCriterion } from '../plan.ts';
import { padded } from '../sql/fragment.ts';
import { quoted, understand } from './values.ts';

type Context = Omit<ValueContext, 'types'>;

/** Returns the criterion that a resource has any value of a parameter. */
export function presence(parameter: Parameter): Criterion {
  const any = (each: Parameter): RowsCriterion => ({
    test: 'rows',
    table: each.kind?.table ?? '',
    param: each.number,
    where: undefined,
    access: 'scan',
  });
  return parameter.kind === undefined ? ofOneElement(parameter, parameter.components.map(any)) : any(parameter);
}

function ofOneElement({ definition }: Parameter, parts: RowsCriterion[]): Criterion {
  return { test: 'composite', parts, repeats: definition.paths.some((path) => path.length > 0) };
}

/** Returns the criterion that a resource has one of these values. Throws `parameter` Failures for invalid values. */
export function asked(name: string, parameter: Parameter, context: Context, values: string[]): Criterion {
  const { kind } = parameter;
  return kind ? oneOf(rows(name, parameter, kind, context, values)) : composite(name, parameter, context, values);
}

/** Returns one criterion per table; a row in any of them suffices. */
function rows(
  name: string,
  parameter: Parameter,
  kind: SearchKind,
  context: Context,
  values: string[],
): RowsCriterion[] {
  const { types, definition } = parameter;
  const texts = definition.transform === 'folded' ? values.map(foldName) : values;
  const matches = texts.map((value) => understand(name, kind, value, { ...context, types }));
  const all = matches.flatMap((match) => (match.also === undefined ? [match] : [match, match.also]));
  const variant = matches[0]?.variant;
  const usual = (variant === undefined ? undefined : kind.variants?.[variant]) ?? kind.table;
  const param = (variant === undefined ? undefined : parameter.variants[variant]) ?? parameter.number;
  const tables = new Set(all.map(({ table = usual }) => table));
  return [...tables].map((found) => {
    const own = all.filter(({ table = usual }) => table === found);
    const where = own.length === 1 ? own[0]?.where : { any: padded(own.map((match) => match.where)) };
    return { test: 'rows', table: found, param, where, access: slowest(own.map(({ access }) => access)) };
  });
}

function slowest(accesses: Access[]): Access {
  if (accesses.includes('scan')) return 'scan';
  return accesses.includes('range') ? 'range' : 'seek';
}

function composite(name: string, parameter: Parameter, context: Context, values: string[]): Criterion {
  const { components } = parameter;
  const found = values.map((value): Criterion => {
    const parts = splitEscaped(value, '$');
    if (parts.length !== components.length) {
      throw new Failure(
        'parameter',
        `${name} must have ${components.length} values joined by $, not ${quoted(value)}.`,
      );
    }
    const asked = components.flatMap((part, index) =>
      part.kind ? rows(name, part, part.kind, context, [parts[index] ?? '']) : [],
    );
    return ofOneElement(parameter, asked);
  });
  return oneOf(found);
}

/** Returns the criterion that any of the criteria holds. */
export function oneOf(criteria: Criterion[]): Criterion {
  const [only] = criteria;
  return criteria.length === 1 && only !== undefined ? only : { test: 'any', of: criteria };
}
