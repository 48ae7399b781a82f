import type { Binding } from '../../storage/connection.ts';
import type { Fragment } from '../plan.ts';

/**
 * Composes SQL: a Fragment in the template becomes its text, any other value a placeholder.
 * So a value cannot get into the text.
 */
export function sql(texts: TemplateStringsArray, ...parts: (Fragment | Binding)[]): Fragment {
  let text = texts[0] ?? '';
  const bindings: Binding[] = [];
  let place = 0;
  for (const part of parts) {
    if (typeof part === 'object' && part !== null) {
      text += part.sql;
      for (const binding of part.bindings) bindings.push(binding);
    } else {
      text += '?';
      bindings.push(part);
    }
    place += 1;
    text += texts[place] ?? '';
  }
  return { sql: text, bindings };
}

/** Text of the program's own: the name of a table or column, a direction. */
export function literal(text: string): Fragment {
  return { sql: text, bindings: [] };
}

/** Fragments one after another. */
export function join(fragments: readonly Fragment[], separator: string): Fragment {
  let text = '';
  let between = '';
  const bindings: Binding[] = [];
  for (const fragment of fragments) {
    text += between + fragment.sql;
    between = separator;
    for (const binding of fragment.bindings) bindings.push(binding);
  }
  return { sql: text, bindings };
}

/** All of the conditions; true where there is none. */
export function all(conditions: Fragment[]): Fragment {
  return conditions.length === 0 ? literal('1 = 1') : join(conditions, ' AND ');
}

/**
 * Any of the conditions, in parentheses; false where there is none. Half and half, since SQLite bounds how deep an
 * expression is, and one behind the other each would be a level deeper than the one before it.
 */
export function any(conditions: readonly Fragment[]): Fragment {
  const [only] = conditions;
  if (only === undefined) return literal('1 = 0');
  if (conditions.length === 1) return sql`(${only})`;
  const half = Math.ceil(conditions.length / 2);
  return sql`(${any(conditions.slice(0, half))} OR ${any(conditions.slice(half))})`;
}

/** The values as a list of placeholders. */
export function list(values: readonly Binding[]): Fragment {
  return { sql: values.map(() => '?').join(', '), bindings: [...values] };
}

/**
 * Repeats the last item until their number is a power of two: every number of alternatives would
 * otherwise be a text of its own to prepare.
 */
export function padded<Item>(items: Item[]): Item[] {
  const last = items.at(-1);
  if (last === undefined) return items;
  const size = 2 ** Math.ceil(Math.log2(items.length));
  return [...items, ...new Array<Item>(size - items.length).fill(last)];
}
