import { Failure } from '../../resources/errors.ts';

/** Returns true if a parameter selects resources of a type with these search parameters. */
export function isCriterion(name: string, codes: Readonly<Record<string, unknown>>): boolean {
  const [code = ''] = name.split(/[:.]/, 1);
  return Object.hasOwn(codes, code) || OF_OTHERS.includes(code);
}

/** They search by other resources; every type has them. */
const OF_OTHERS: readonly string[] = ['_has', '_list'];

/**
 * Returns the criteria of `If-None-Exist`, which may follow the path of the type: a `?` after the first parameter name
 * belongs to a value, such as a canonical. Throws `parameter` if the path is of another type.
 */
export function criteriaOf(text: string, type: string): string {
  const [before = '', address = ''] = /^([^?=&]*)\?/.exec(text) ?? [];
  if (address !== '' && address.split('/').at(-1) !== type) {
    throw new Failure(
      'parameter',
      `If-None-Exist must be a search of ${type}: send only the criteria, or "${type}?" and the criteria.`,
    );
  }
  return text.slice(before.length);
}
