import type { Binding } from '../../storage/connection.ts';
import type { Fragment } from '../plan.ts';

/**
 * Composes SQL: a Fragment in the template is inserted as text, any other value becomes a placeholder. So a value never
 * becomes part of the text.
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

/** Makes a Fragment of the program's own text: the name of a table or column, a direction. */
export function literal(text: string): Fragment {
  return { sql: text, bindings: [] };
}

/** Joins fragments with a separator. */
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

/** Returns the conjunction of the conditions; true if there are none. */
export function all(conditions: Fragment[]): Fragment {
  return conditions.length === 0 ? literal('1 = 1') : join(conditions, ' AND ');
}

/**
 * Returns the disjunction of the conditions in parentheses; false if there are none. Built as a balanced tree, since
 * SQLite limits the depth of an expression and a chain would be one level deep per condition.
 */
export function any(conditions: readonly Fragment[]): Fragment {
  const [only] = conditions;
  if (only === undefined) return literal('1 = 0');
  if (conditions.length === 1) return sql`(${only})`;
  const half = Math.ceil(conditions.length / 2);
  return sql`(${any(conditions.slice(0, half))} OR ${any(conditions.slice(half))})`;
}

/** Returns the values as a list of placeholders. */
export function list(values: readonly Binding[]): Fragment {
  return { sql: values.map(() => '?').join(', '), bindings: [...values] };
}

/** Repeats the last item up to a power of two, so that fewer SQL texts have to be prepared. */
export function padded<Item>(items: Item[]): Item[] {
  const last = items.at(-1);
  if (last === undefined) return items;
  const size = 2 ** Math.ceil(Math.log2(items.length));
  return [...items, ...new Array<Item>(size - items.length).fill(last)];
}
