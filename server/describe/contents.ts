import type { JsonObject } from '../../resources/json/value.ts';
import { type BodyKind, MEDIA_TYPES } from '../formats/media-types.ts';

/** Bodies of some kinds, by their media types. */
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

/** A resource of a schema as it is answered, by each media type in which it may be asked for. */
export function answers(schema: JsonObject): JsonObject {
  return Object.fromEntries(MEDIA_TYPES.filter(({ answer }) => answer).map(({ mediaType }) => [mediaType, { schema }]));
}

/** What is no resource, as it is answered: in JSON or in YAML. */
export function plainAnswers(schema: JsonObject): JsonObject {
  const { 'application/fhir+json': _, ...plain } = answers(schema);
  return plain;
}

/** The bodies of credentials and of wishes: in JSON, and where `kinds` has them as forms. */
export function plainBodies(kinds: readonly BodyKind[]): JsonObject {
  const rows = MEDIA_TYPES.filter(({ kind, format }) => kinds.includes(kind) && format?.name !== 'yaml');
  return Object.fromEntries(rows.map(({ mediaType }) => [mediaType, { schema: { type: 'object' } }]));
}
