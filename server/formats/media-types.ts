import { Failure } from '../../resources/errors.ts';
import { type JsonBounds, readJson } from '../../resources/json/read.ts';
import { renderJson } from '../../resources/json/render.ts';
import type { Json } from '../../resources/json/value.ts';
import { readYaml, renderYaml } from './yaml.ts';

export type FormatName = 'json' | 'yaml';

/** Parses a text to a value, and renders a value as text. */
export interface Format {
  readonly name: FormatName;
  /** Throws `malformed`, and `too-large` for a text that surely exceeds the bounds. */
  parse(text: string, bounds?: JsonBounds): Json;
  render(value: Json, pretty: boolean): string;
}

const JSON_FORMAT: Format = { name: 'json', parse: readJson, render: renderJson };
const YAML_FORMAT: Format = {
  name: 'yaml',
  parse: (text, bounds) => readYaml(text, bounds?.values),
  render: renderYaml,
};

/** The kinds of bodies; an endpoint lists those that it accepts. */
export type BodyKind = 'resource' | 'json-patch' | 'merge-patch' | 'form';

export interface MediaType {
  readonly mediaType: string;
  readonly kind: BodyKind;
  /** Undefined for forms, which are pairs and not a value: `parseForm` parses them. */
  readonly format?: Format;
  /** True if a response may have this type. */
  readonly answer?: true;
}

/** The supported media types, in the server's order of preference. A new type needs one row. */
export const MEDIA_TYPES: readonly MediaType[] = [
  { mediaType: 'application/fhir+json', kind: 'resource', format: JSON_FORMAT, answer: true },
  { mediaType: 'application/json', kind: 'resource', format: JSON_FORMAT, answer: true },
  { mediaType: 'text/yaml', kind: 'resource', format: YAML_FORMAT, answer: true },
  { mediaType: 'application/yaml', kind: 'resource', format: YAML_FORMAT, answer: true },
  { mediaType: 'application/x-yaml', kind: 'resource', format: YAML_FORMAT, answer: true },
  { mediaType: 'text/x-yaml', kind: 'resource', format: YAML_FORMAT, answer: true },
  { mediaType: 'application/json-patch+json', kind: 'json-patch', format: JSON_FORMAT },
  { mediaType: 'application/merge-patch+json', kind: 'merge-patch', format: JSON_FORMAT },
  { mediaType: 'application/x-www-form-urlencoded', kind: 'form' },
];

/** The patch types, for the `Accept-Patch` header (https://www.rfc-editor.org/rfc/rfc5789#section-3.1). */
export const PATCH_TYPES: string = MEDIA_TYPES.filter(({ kind }) => kind.endsWith('-patch'))
  .map(({ mediaType }) => mediaType)
  .join(', ');

/** A media type for responses, with its format. */
export type AnswerType = Pick<MediaType, 'mediaType' | 'format'>;

/** The type of a single document, the key set, sent to clients that ask for it (RFC 7517 §8.5.1). */
export const JWK_SET: AnswerType = { mediaType: 'application/jwk-set+json', format: JSON_FORMAT };

/** `type/subtype` and its parameters (RFC 9110 §8.3.1). */
const CONTENT_TYPE = /^\s*([^\s;,"/]+\/[^\s;,"/]+)\s*(;.*)?$/;
const FHIR_VERSION = /;\s*fhirVersion\s*=\s*("?)([^";\s]*)\1/i;
const CHARSET = /;\s*charset\s*=\s*("?)([^";\s]*)\1/i;

/**
 * Returns true if the parameters of a media type name another FHIR version than R4, whose rules the server does not
 * know (https://hl7.org/fhir/R4/http.html#version-parameter).
 */
export function isOtherVersion(parameters: string): boolean {
  const version = FHIR_VERSION.exec(parameters)?.[2];
  return version !== undefined && !/^4\.0(?:\.\d+)?$/.test(version);
}

/**
 * Returns the row of a `Content-Type` header, among the kinds that the endpoint accepts, or `only` one format of them.
 * Throws `media-type` (415), with the accepted types, for another or a missing type, and for a charset other than
 * UTF-8. The charset of a form is ignored: its type has no such parameter
 * (https://url.spec.whatwg.org/#application/x-www-form-urlencoded), and libraries send one for percent-encoded ASCII,
 * as Apache's HttpClient does with ISO-8859-1.
 */
export function bodyType(contentType: string | undefined, kinds: readonly BodyKind[], only?: FormatName): MediaType {
  const taken = MEDIA_TYPES.filter(({ kind, format }) => {
    return kinds.includes(kind) && (only === undefined || format === undefined || format.name === only);
  });
  const [, name, parameters] = CONTENT_TYPE.exec(contentType ?? '') ?? [];
  const found = taken.find((row) => row.mediaType === name?.toLowerCase());
  if (found === undefined) {
    const given = name === undefined ? 'The body has no Content-Type' : 'This Content-Type is not supported here';
    throw new Failure('media-type', `${given}. Use one of: ${taken.map((row) => row.mediaType).join(', ')}.`);
  }
  const charset = found.kind === 'form' ? undefined : CHARSET.exec(parameters ?? '')?.[2];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    throw new Failure('media-type', `The body must be UTF-8: use ${found.mediaType}; charset=utf-8.`);
  }
  if (isOtherVersion(parameters ?? '')) {
    throw new Failure('media-type', 'Unsupported FHIR version: this server supports R4 (fhirVersion=4.0).');
  }
  return found;
}

/** Returns the kind and the format of a body that is one value. Throws as `bodyType`. */
export function valueType(
  contentType: string | undefined,
  kinds: readonly Exclude<BodyKind, 'form'>[],
): { kind: BodyKind; format: Format } {
  const { kind, format } = bodyType(contentType, kinds);
  if (format === undefined) throw new Error(`${kind} has no format to read it by.`);
  return { kind, format };
}
