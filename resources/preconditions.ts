import type { Version, WriteOptions } from './engine.ts';
import { Failure } from './errors.ts';

export type Preconditions = Pick<WriteOptions, 'ifMatch' | 'ifNoneMatch' | 'unmodifiedSince'>;

/**
 * Checks `If-Match`, `If-Unmodified-Since` (only without `If-Match`) and `If-None-Match` (RFC 9110 §13.1, FHIR R4
 * §3.1.0.5). Throws `precondition` if one of them fails.
 */
export function checkPreconditions(current: Version | undefined, conditions: Preconditions): void {
  const { ifMatch, ifNoneMatch, unmodifiedSince } = conditions;
  const standing = current?.text == null ? undefined : current;
  if (ifNoneMatch && names(ifNoneMatch, standing)) {
    throw new Failure('precondition', 'If-None-Match matches the current version: the resource exists already.');
  }
  if (ifMatch && !names(ifMatch, standing)) {
    throw new Failure(
      'precondition',
      'If-Match does not match the current version: read the resource again and retry.',
    );
  }
  if (!ifMatch && standing && unmodifiedSince !== undefined && secondOf(standing) > unmodifiedSince) {
    throw new Failure('precondition', 'The resource was modified since then: read it again and retry.');
  }
}

/** Returns when a version was made, rounded down to seconds as in HTTP headers, in milliseconds since the epoch. */
export function secondOf({ lastUpdated }: Version): number {
  return Math.floor(lastUpdated / 1000) * 1000;
}

function names(condition: number[] | 'any', version: Version | undefined): boolean {
  return version !== undefined && (condition === 'any' || condition.includes(version.versionId));
}
