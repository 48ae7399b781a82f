import { bounded, unescaped } from '../index/text.ts';
import { is } from '../sql/row-test.ts';
import { BadValue, type SearchKind } from './kind.ts';

const LONGEST = 500;

/** A canonical that is relative to the server. */
const LOCAL = /^[A-Z][A-Za-z]*\/[A-Za-z0-9\-.]{1,64}(?:\|[^|]+)?$/;

const TYPES = new Set(['uri', 'url', 'canonical', 'oid', 'uuid', 'string']);

/** uri: exact; `:below` matches a URL and those under it, `:above` a URL and those above it (FHIR R4 §3.1.1.4.13). */
export const uri: SearchKind = {
  table: 'search_uri',
  modifiers: () => ['above', 'below'],

  reader(type) {
    if (!TYPES.has(type)) return undefined;
    return (value, add) => {
      if (typeof value !== 'string' || value === '') return;
      add([uriKey(value)]);
      // A canonical matches with and without its version.
      if (type === 'canonical' && value.includes('|')) add([uriKey(value.slice(0, value.indexOf('|')))]);
    };
  },

  parse(text, { modifier, types, base }) {
    const literal = uriKey(unescaped(text));
    if (literal === '') throw new BadValue('must be a URI');
    // As in `_profile=StructureDefinition/mine`, a resource of this server.
    if (modifier === undefined && types.has('canonical') && LOCAL.test(literal)) {
      const places = ['', `${base}/`, `${base}/fhir/`].map((place) => uriKey(place + literal));
      return { where: { column: 'value', in: places }, access: 'seek' };
    }
    // Only the path of a URL is hierarchical.
    if (modifier === 'below' && isUrl(literal)) {
      const under = { column: 'value', startsWith: literal.endsWith('/') ? literal : `${literal}/` };
      return { where: { any: [is('value', '=', literal), under] }, access: 'range' };
    }
    if (modifier === 'above' && isUrl(literal)) {
      return { where: { column: 'value', in: upwards(literal) }, access: 'seek' };
    }
    return { where: is('value', '=', literal), access: 'seek' };
  },
};

/** Returns a URI as stored in index rows. */
export function uriKey(text: string): string {
  return bounded(text, LONGEST);
}

function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

/** Returns a URL and those above it, each with and without a trailing slash. */
function upwards(url: string): string[] {
  const [scheme = '', rest = ''] = url.split(/(?<=:\/\/)/, 2);
  const steps = rest.split('/').slice(0, 32);
  const above = steps.flatMap((_, index) => {
    const path = scheme + steps.slice(0, index + 1).join('/');
    return [path, `${path}/`];
  });
  return [...new Set([url, ...above])];
}
