import type { JsonObject } from '../../resources/json/value.ts';
import type { InteractionName } from '../interactions/interaction.ts';

/** Parameters of every response that is a resource. */
const FORMAT = ['_format', '_pretty'];
const MATCH = ['If-Match', 'If-Unmodified-Since'];
const PART = ['_elements', '_summary'];

/** The parameters of each interaction besides its path and its body: those of the query, then headers. */
export const TAKEN: Readonly<Record<InteractionName, readonly string[]>> = {
  read: [...PART, ...FORMAT, ...MATCH, 'If-None-Match', 'If-Modified-Since'],
  vread: [...PART, ...FORMAT, ...MATCH, 'If-None-Match', 'If-Modified-Since'],
  history: ['_since', '_count', ...FORMAT],
  everything: ['_since', '_type', '_count', ...FORMAT],
  validate: ['mode', 'profile', ...FORMAT],
  create: [...FORMAT, 'If-None-Exist', 'Prefer'],
  update: [...FORMAT, ...MATCH, 'If-None-Match', 'Prefer'],
  patch: [...FORMAT, ...MATCH, 'If-None-Match', 'Prefer'],
  delete: [...MATCH, 'If-None-Match'],
  search: ['Prefer'],
};

/** Returns true for the name of a header. */
export function isHeader(name: string): boolean {
  return /^[A-Z]/.test(name);
}

/** Returns a reference to a parameter among the components of the document. */
export function parameterNamed(name: string): JsonObject {
  return { $ref: `#/components/parameters/${name}` };
}

/** Returns all of them as OpenAPI parameters. */
export function takenParameters(): Record<string, JsonObject> {
  const names = [...new Set(Object.values(TAKEN).flat())];
  return Object.fromEntries(
    names.map((name) => [name, { name, in: isHeader(name) ? 'header' : 'query', schema: { type: 'string' } }]),
  );
}
