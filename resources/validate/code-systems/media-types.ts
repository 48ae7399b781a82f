import type { CodeSystem } from './code-system.ts';

/** FHIR's short names for its own formats (https://hl7.org/fhir/R4/http.html#mime-type). */
const SHORT_NAMES = new Set(['xml', 'json', 'ttl']);
const NAME = '[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}';
const PARAMETER = `\\s?;\\s?[A-Za-z0-9!#$&^_.+-]+=(?:[A-Za-z0-9!#$%&'*^_\`|~.+:/-]+|"[^"\\\\]*")`;
const MEDIA_TYPE = new RegExp(`^${NAME}/${NAME}(?:${PARAMETER})*$`);

/** Media types with their parameters (BCP 13, https://www.rfc-editor.org/rfc/rfc6838#section-4.2). */
export const mediaTypes: CodeSystem = {
  isCode: (code) => MEDIA_TYPE.test(code) || SHORT_NAMES.has(code),
  remedy: 'must be a media type, such as application/pdf or text/plain; charset=utf-8',
};
