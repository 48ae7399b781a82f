import { Failure } from '../../errors.ts';
import { splitEscaped } from '../index/text.ts';
import { BadValue, type RowMatch, type SearchKind, type ValueContext } from '../kinds/kind.ts';

const MOST_ALTERNATIVES = 500;
const LONGEST_VALUE = 2000;

/**
 * The values that a parameter gives as alternatives, still escaped. Throws `parameter` where they are too many, or one
 * has more characters than are taken.
 */
export function alternatives(name: string, value: string, longest = LONGEST_VALUE): string[] {
  const values = splitEscaped(value, ',').filter((each) => each.trim() !== '');
  if (values.length > MOST_ALTERNATIVES)
    throw new Failure('parameter', `${name}: give at most ${MOST_ALTERNATIVES} values.`);
  if (values.some((each) => each.length > longest)) {
    throw new Failure('parameter', `${name}: a value has at most ${longest} characters.`);
  }
  return values;
}

/** Understands one value by its kind. Throws a `parameter` Failure that names the parameter and says what is right. */
export function understand(name: string, kind: SearchKind, value: string, context: ValueContext): RowMatch {
  return explained(name, value, () => kind.parse(value, context));
}

/** What `read` makes of a value. Throws its BadValue as a `parameter` Failure that names the parameter. */
export function explained<Read>(name: string, value: string, read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    if (error instanceof BadValue) throw new Failure('parameter', `${name}: ${error.message}, not ${quoted(value)}.`);
    throw error;
  }
}

/** The value of `:missing`. */
export function isMissing(name: string, value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw new Failure('parameter', `${name}: write true or false.`);
}

/** What was sent, short enough for a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
