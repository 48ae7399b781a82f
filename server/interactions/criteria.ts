import { Failure } from '../../resources/errors.ts';

/** True for the name of a parameter that chooses resources of a type with these search parameters. */
export function isCriterion(name: string, codes: Readonly<Record<string, unknown>>): boolean {
  const [code = ''] = name.split(/[:.]/, 1);
  return Object.hasOwn(codes, code) || OF_OTHERS.includes(code);
}

/** They look at other resources, and are of every type. */
const OF_OTHERS: readonly string[] = ['_has', '_list'];

/**
 * The criteria of `If-None-Exist`, which stand by themselves or behind an address of the type: a `?` behind the first
 * name belongs to a value, such as that of a canonical. Throws `parameter` where they are those of another type.
 */
export function criteriaOf(text: string, type: string): string {
  const [before = '', address = ''] = /^([^?=&]*)\?/.exec(text) ?? [];
  if (address !== '' && address.split('/').at(-1) !== type) {
    throw new Failure('parameter', `If-None-Exist looks for a ${type}: send its criteria alone, or behind "${type}?".`);
  }
  return text.slice(before.length);
}
