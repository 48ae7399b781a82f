import type { WriteOptions } from '../resources/engine.ts';
import { Failure } from '../resources/errors.ts';
import { entityTags } from './answer.ts';
import type { Context } from './context.ts';

/** What a write by a caller is conditional on: `If-Match` and `If-None-Match` (RFC 9110 §13.1, FHIR R4 §3.1.0.5). */
export function writeOptions(ctx: Context): WriteOptions {
  const ifMatch = condition(ctx, 'If-Match');
  const ifNoneMatch = condition(ctx, 'If-None-Match');
  return { by: 'caller', ...(ifMatch && { ifMatch }), ...(ifNoneMatch && { ifNoneMatch }) };
}

function condition(ctx: Context, header: string): number[] | 'any' | undefined {
  const value = ctx.get(header).trim();
  if (value === '') return undefined;
  if (value === '*') return 'any';
  if (!ENTITY_TAGS.test(value)) {
    throw new Failure('parameter', `${header} takes entity tags as an ETag gave them: W/"3".`);
  }
  // A tag that is no version id names no version.
  return entityTags(value).map((tag) => (/^[1-9]\d{0,8}$/.test(tag) ? Number(tag) : 0));
}

const ENTITY_TAGS = /^(?:W\/)?"[^"]*"(?:\s*,\s*(?:W\/)?"[^"]*")*$/;
