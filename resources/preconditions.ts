import type { Version, WriteOptions } from './engine.ts';
import { Failure } from './errors.ts';

export type Preconditions = Pick<WriteOptions, 'ifMatch' | 'ifNoneMatch' | 'unmodifiedSince'>;

/**
 * `If-Match`, `If-Unmodified-Since`, which counts without it alone, and `If-None-Match` (RFC 9110 §13.1,
 * FHIR R4 §3.1.0.5). Throws `precondition` where they do not hold.
 */
export function checkPreconditions(current: Version | undefined, conditions: Preconditions): void {
  const { ifMatch, ifNoneMatch, unmodifiedSince } = conditions;
  const versionId = current?.text == null ? undefined : current.versionId;
  if (ifNoneMatch && names(ifNoneMatch, versionId)) {
    throw new Failure('precondition', 'If-None-Match names the current version: the resource is already there.');
  }
  if (ifMatch && !names(ifMatch, versionId)) {
    throw new Failure('precondition', 'If-Match does not name the current version: read it again and repeat.');
  }
  const isLater = unmodifiedSince !== undefined && versionId !== undefined && secondOf(current) > unmodifiedSince;
  if (!ifMatch && isLater) {
    throw new Failure('precondition', 'The resource was modified since: read it again and repeat.');
  }
}

/** When a version was made, as headers tell it: in whole seconds, and in milliseconds since the epoch. */
export function secondOf(version: Version | undefined): number {
  return Math.floor((version?.lastUpdated ?? 0) / 1000) * 1000;
}

function names(condition: number[] | 'any', versionId: number | undefined): boolean {
  return versionId !== undefined && (condition === 'any' || condition.includes(versionId));
}
