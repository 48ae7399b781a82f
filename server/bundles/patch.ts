import { Failure } from '../../resources/errors.ts';
import type { JsonBounds } from '../../resources/json/read.ts';
import { isObject, type JsonObject } from '../../resources/json/value.ts';
import { valueType } from '../formats/media-types.ts';
import { decodeUtf8 } from '../formats/text.ts';
import type { Patch } from '../http/body.ts';
import type { InteractionRequest } from '../interactions/interaction.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Returns the patch in an entry: the `data` of a Binary, by its `contentType`, or a resource of the patched type, which
 * is itself a merge patch. Throws `media-type`, `malformed` or, for FHIRPath Patch, `business-rule`.
 */
export function patchOf(resource: JsonObject, type: string, place: string, bounds: JsonBounds): Patch {
  const { resourceType, ...members } = resource;
  if (resourceType === 'Binary') return binaryPatch(members, place, bounds);
  if (resourceType === undefined || resourceType === type) return { kind: 'merge-patch', value: members };
  const message =
    'A patch must be a Binary with a JSON Patch or merge patch, or a resource with the elements to merge.';
  throw new Failure('business-rule', message, { expression: `${place}.resource` });
}

/** Returns the elements of a merge patch; undefined for another request. */
export function mergedBy({ patch }: Pick<InteractionRequest, 'patch'>): JsonObject | undefined {
  return patch?.kind === 'merge-patch' && isObject(patch.value) ? patch.value : undefined;
}

function binaryPatch({ contentType, data }: JsonObject, place: string, bounds: JsonBounds): Patch {
  const { kind, format } = valueType(typeof contentType === 'string' ? contentType : '', ['json-patch', 'merge-patch']);
  const text = typeof data === 'string' ? data.replace(/\s/g, '') : undefined;
  if (text === undefined || !BASE64.test(text)) {
    const message = 'Binary.data must be the patch in base64.';
    throw new Failure('malformed', message, { expression: `${place}.resource.data` });
  }
  const value = format.parse(decodeUtf8(Buffer.from(text, 'base64')), bounds);
  if (isObject(value) || Array.isArray(value)) return { kind, value };
  throw new Failure('malformed', 'A patch must be an object or an array.', { expression: `${place}.resource.data` });
}
