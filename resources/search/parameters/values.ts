import { Failure } from '../../errors.ts';
import { splitEscaped } from '../index/text.ts';
import { BadValue, type RowMatch, type SearchKind, type ValueContext } from '../kinds/kind.ts';

const MOST_ALTERNATIVES = 500;
const LONGEST_VALUE = 2000;

/** Splits a value into its alternatives, still escaped. Throws `parameter` if they are too many, or one is too long. */
export function alternatives(name: string, value: string, longest = LONGEST_VALUE): string[] {
  const values = splitEscaped(value, ',').filter((each) => each.trim() !== '');
  if (values.length > MOST_ALTERNATIVES)
    throw new Failure('parameter', `${name} can have at most ${MOST_ALTERNATIVES} values.`);
  if (values.some((each) => each.length > longest)) {
    throw new Failure('parameter', `${name}: a value can have at most ${longest} characters.`);
  }
  return values;
}

/** Parses one value by its kind. Throws a `parameter` Failure that names the parameter and says what is right. */
export function understand(name: string, kind: SearchKind, value: string, context: ValueContext): RowMatch {
  return explained(name, value, () => kind.parse(value, context));
}

/** Returns the result of `read`, and converts its BadValue to a `parameter` Failure that names the parameter. */
export function explained<Read>(name: string, value: string, read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    if (error instanceof BadValue) throw new Failure('parameter', `${name} ${error.message}, not ${quoted(value)}.`);
    throw error;
  }
}

/** Parses the value of `:missing`. */
export function isMissing(name: string, value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw new Failure('parameter', `${name} must be true or false.`);
}

/** Returns the text as sent, quoted and shortened for a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
