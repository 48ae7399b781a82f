import type { Version, WriteOptions } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import { checkPreconditions, type Preconditions, secondOf } from '../../resources/preconditions.ts';
import { instantTime } from '../../resources/validate/dates.ts';
import type { InteractionRequest } from '../interactions/interaction.ts';
import { httpDate } from './http-date.ts';

type Conditional = Pick<InteractionRequest, 'header'>;

/**
 * Returns true if the caller already has this version, by `If-None-Match`, otherwise by `If-Modified-Since`. An invalid
 * time counts as not sent (RFC 9110 §13.1.2, §13.1.3).
 */
export function isNotModified(
  { header, ofHttp }: Conditional & Pick<InteractionRequest, 'ofHttp'>,
  version: Version,
): boolean {
  const tags = header('If-None-Match') ?? '';
  if (tags !== '') return tags.trim() === '*' || entityTags(tags).includes(String(version.versionId));
  const text = header('If-Modified-Since') ?? '';
  const since = ofHttp ? httpDate(text) : instantTime(text);
  const modified = ofHttp ? secondOf(version) : version.lastUpdated;
  return since !== undefined && modified <= since;
}

/**
 * Returns the options of a write: its author, the rows that the caller may see, and its preconditions `If-Match`,
 * `If-Unmodified-Since` and `If-None-Match` (RFC 9110 §13.1, FHIR R4 §3.1.0.5).
 */
export function writeOptions(
  request: Conditional & Pick<InteractionRequest, 'rows' | 'judgedBy' | 'asker' | 'since' | 'yieldTurn'>,
): WriteOptions {
  const ifNoneMatch = condition(request, 'If-None-Match');
  const { rows, judgedBy, asker: cause, since, yieldTurn } = request;
  return {
    by: 'caller',
    since,
    yieldTurn,
    cause,
    rows,
    judgedBy,
    ...matchOf(request),
    ...(ifNoneMatch && { ifNoneMatch }),
  };
}

/**
 * Throws `precondition` if the version does not meet the `If-Match` or `If-Unmodified-Since` of a read. An invalid time
 * counts as not sent (RFC 9110 §13.1.1, §13.1.4).
 */
export function requireMatch(request: Conditional, version: Version): void {
  checkPreconditions(version, matchOf(request));
}

function matchOf(request: Conditional): Preconditions {
  const ifMatch = condition(request, 'If-Match');
  const since = request.header('If-Unmodified-Since');
  return { ...(ifMatch && { ifMatch }), ...(since !== undefined && { unmodifiedSince: httpDate(since) }) };
}

function condition(request: Conditional, header: string): number[] | 'any' | undefined {
  const value = request.header(header)?.trim();
  if (value === undefined) return undefined;
  if (value === '*') return 'any';
  if (!ENTITY_TAGS.test(value)) {
    throw new Failure('parameter', `${header} must contain entity tags from an ETag, such as W/"3".`);
  }
  // A tag that is no version id matches no version.
  return entityTags(value).map((tag) => (/^[1-9]\d{0,8}$/.test(tag) ? Number(tag) : 0));
}

const ENTITY_TAGS = /^(?:W\/)?"[^"]*"(?:\s*,\s*(?:W\/)?"[^"]*")*$/;

/** Returns the opaque parts of a list of entity tags, weak or strong: `W/"1", "2"`. */
function entityTags(header: string): string[] {
  return [...header.matchAll(/(?:W\/)?"([^"]*)"/g)].map(([, tag]) => tag ?? '');
}
