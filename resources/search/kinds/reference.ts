import { isObject, type Json } from '../../json/value.ts';
import { isId } from '../../validate/primitives.ts';
import { bounded, unescaped } from '../index/text.ts';
import { is, type RowTest } from '../sql/row-test.ts';
import { type AddRow, BadValue, type RowMatch, type SearchKind, type ValueContext } from './kind.ts';
import { addIdentifier, caselessKey, token } from './token.ts';
import { uriKey } from './uri.ts';

const LONGEST = 400;
const TYPED = /^(?:(.*)\/)?([A-Z][A-Za-z]*)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

const VERSIONED = /\/_history\/[^/]+$/;

/**
 * Element types that hold a canonical URL; all others that a reference parameter reads reference a resource by its id.
 */
export const CANONICALS: ReadonlySet<string> = new Set(['canonical', 'uri', 'url']);

/**
 * reference: `Type/id`, `id`, an absolute URL; `:Type`, `:identifier`; a canonical `url` or `url|version`, with
 * `:below` also for the versions below one (FHIR R4 §3.1.1.4.12).
 *
 * A row holds the id and as its type `Type` or `http://other.org/fhir/Type`; for a canonical the URL and `|version`;
 * for any other target its URI and an empty type. So rows depend only on the resource, not on settings.
 */
export const reference: SearchKind = {
  table: 'search_reference',
  modifiers(types) {
    const read = [...types];
    return [
      ...(read.some((type) => !CANONICALS.has(type)) ? ['identifier', '[type]'] : []),
      ...(read.some((type) => CANONICALS.has(type)) ? ['below'] : []),
    ];
  },
  variants: { identifier: 'search_token' },

  reader(type) {
    if (CANONICALS.has(type)) return addCanonical;
    switch (type) {
      case 'Reference':
        return addReference;
      case 'Link':
      case 'Resource':
        return (value, add) => {
          if (!isObject(value)) return;
          const { id, resourceType } = value;
          if (typeof id === 'string' && typeof resourceType === 'string')
            add([bounded(id, LONGEST), bounded(resourceType, LONGEST)]);
          else addReference(value, add);
        };
      default:
        return undefined;
    }
  },

  parse(text, context) {
    if (context.modifier === 'identifier') {
      return {
        ...token.parse(text, { ...context, modifier: undefined, types: new Set(['Identifier']) }),
        variant: 'identifier',
      };
    }
    const literal = unescaped(text);
    if (literal === '') throw new BadValue('must be Type/id, an id or a URL');
    if (context.modifier === 'below') return seek(below(literal));
    if (context.modifier !== undefined) return typed(literal, context.modifier, context);
    if (isId(literal)) return local(literal, context.base);
    const choices = [pointer(literal, context.base)];
    if ([...context.types].some((type) => CANONICALS.has(type))) choices.push(canonical(literal));
    return seek(choices.length === 1 && choices[0] !== undefined ? choices[0] : { any: choices });
  },
};

/** Parses a reference with `Type/id` and an optional base URL before it; undefined for any other reference. */
export function parseReference(text: string): { base: string; type: string; id: string } | undefined {
  const found = TYPED.exec(text);
  return found === null ? undefined : { base: found[1] ?? '', type: found[2] ?? '', id: found[3] ?? '' };
}

/** Returns the type values of index rows that reference a resource of this server. */
export function localTypes(type: string, base: string): string[] {
  return ['', `${base}/`, `${base}/fhir/`].map((before) => bounded(before + type, LONGEST));
}

/**
 * Returns the id from a reference to a resource of a type on this server; undefined for any other reference. Throws
 * BadValue for a reference to a version, since searches find only current versions.
 */
export function localId(type: string, text: string, base: string): string | undefined {
  const found = parseReference(text);
  const pointer = found && (found.base === '' ? found.type : `${found.base}/${found.type}`);
  if (found?.type !== type || !pointer || !localTypes(type, base).includes(pointer)) return undefined;
  if (!VERSIONED.test(text)) return found.id;
  throw new BadValue(`must be ${type}/${found.id}, which means its current version`);
}

function addReference(value: Json, add: AddRow): void {
  if (!isObject(value)) return;
  if (isObject(value['identifier'])) addIdentifier(value['identifier'], add, 'identifier');
  const text = value['reference'];
  // A reference without a usable URL is indexed too, so that `:missing` sees it.
  const url = typeof text === 'string' && !text.startsWith('#') ? text : '';
  const found = parseReference(url);
  if (found === undefined) add([bounded(url, LONGEST), '']);
  else add([found.id, bounded(found.base === '' ? found.type : `${found.base}/${found.type}`, LONGEST)]);
}

/** URL and version are stored like those of the referenced resources, so that the two can be joined. */
function addCanonical(value: Json, add: AddRow): void {
  if (typeof value !== 'string') return;
  const [url = '', version = ''] = value.split('|');
  add([uriKey(url), `|${caselessKey(version)}`]);
}

function typed(literal: string, type: string, context: ValueContext): RowMatch {
  const found = isId(literal) ? { base: '', type, id: literal } : parseReference(literal);
  if (found === undefined || found.type !== type) throw new BadValue(`must be an id or ${type}/id`);
  return seek(row(found, context.base));
}

/** A bare id: a resource of any type on this server. */
function local(id: string, base: string): RowMatch {
  const relative = { not: { column: 'target_type', contains: '/' } };
  const own = { any: [relative, { column: 'target_type', startsWith: `${base}/` }] };
  return seek({ all: [is('target', '=', id), own] });
}

function pointer(literal: string, base: string): RowTest {
  const found = parseReference(literal);
  return found === undefined ? pointing(bounded(literal, LONGEST), ['']) : row(found, base);
}

function row(found: { base: string; type: string; id: string }, base: string): RowTest {
  if (found.base === '' || found.base === base || found.base === `${base}/fhir`) {
    return pointing(found.id, localTypes(found.type, base));
  }
  return pointing(found.id, [bounded(`${found.base}/${found.type}`, LONGEST)]);
}

/** A canonical without a version matches every version. */
function canonical(literal: string): RowTest {
  const [url = '', version] = literal.split('|');
  if (version !== undefined) return pointing(uriKey(url), [`|${caselessKey(version)}`]);
  return { all: [is('target', '=', uriKey(url)), { column: 'target_type', startsWith: '|' }] };
}

/** The version and all that start with it and a dot: `2.0` and `2.1.3` are below `2`. */
function below(literal: string): RowTest {
  const [url = '', version = ''] = literal.split('|');
  if (version === '') return canonical(url);
  const own = `|${caselessKey(version)}`;
  const versions = [is('target_type', '=', own), { column: 'target_type', startsWith: `${own}.` }];
  return { all: [is('target', '=', uriKey(url)), { any: versions }] };
}

function pointing(target: string, types: string[]): RowTest {
  return { all: [is('target', '=', target), { column: 'target_type', in: types }] };
}

function seek(where: RowTest): RowMatch {
  return { where, access: 'seek' };
}
