import type { JsonObject } from '../../resources/json/value.ts';
import { type BodyKind, MEDIA_TYPES } from '../formats/media-types.ts';

/** Returns the request contents for some kinds of bodies, by media type. */
export function bodies(kinds: readonly BodyKind[]): JsonObject {
  const rows = MEDIA_TYPES.filter(({ kind }) => kinds.includes(kind));
  return Object.fromEntries(rows.map(({ mediaType, kind }) => [mediaType, { schema: BODY_SCHEMAS[kind] }]));
}

const BODY_SCHEMAS: Record<BodyKind, JsonObject> = {
  resource: { $ref: '#/components/schemas/Resource' },
  'json-patch': { type: 'array', items: { type: 'object' } },
  'merge-patch': { type: 'object' },
  form: { type: 'object' },
};

/** Returns the response contents for a resource of a schema, by media type. */
export function answers(schema: JsonObject): JsonObject {
  return Object.fromEntries(MEDIA_TYPES.filter(({ answer }) => answer).map(({ mediaType }) => [mediaType, { schema }]));
}

/** Returns the response contents for a value that is no resource: JSON or YAML. */
export function plainAnswers(schema: JsonObject): JsonObject {
  const { 'application/fhir+json': _, ...plain } = answers(schema);
  return plain;
}

/** Returns the request contents for credentials and options: JSON and, if `kinds` has them, forms. */
export function plainBodies(kinds: readonly BodyKind[]): JsonObject {
  const rows = MEDIA_TYPES.filter(({ kind, format }) => kinds.includes(kind) && format?.name !== 'yaml');
  return Object.fromEntries(rows.map(({ mediaType }) => [mediaType, { schema: { type: 'object' } }]));
}
