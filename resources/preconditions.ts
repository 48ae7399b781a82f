import type { Version, WriteOptions } from './engine.ts';
import { Failure } from './errors.ts';

/** `If-Match` and `If-None-Match` (RFC 9110 §13.1, FHIR R4 §3.1.0.5). Throws `precondition` where they do not hold. */
export function checkPreconditions(current: Version | undefined, { ifMatch, ifNoneMatch }: WriteOptions): void {
  const versionId = current?.text == null ? undefined : current.versionId;
  if (ifNoneMatch && names(ifNoneMatch, versionId)) {
    throw new Failure('precondition', 'If-None-Match names the current version: the resource is already there.');
  }
  if (ifMatch && !names(ifMatch, versionId)) {
    throw new Failure('precondition', 'If-Match does not name the current version: read it again and repeat.');
  }
}

function names(condition: number[] | 'any', versionId: number | undefined): boolean {
  return versionId !== undefined && (condition === 'any' || condition.includes(versionId));
}
