/** The methods of a path (RFC 9110 §15.5.6). */
import type Router from '@koa/router';
import { Failure } from '../../resources/errors.ts';
import type { Context, RequestState, Step } from '../context.ts';
import { PATCH_TYPES } from '../formats/media-types.ts';

/** Rejects a method that a path does not support (405); `Allow` lists those that it does. Answers OPTIONS. */
export function otherMethods(router: Router<RequestState>): Step {
  return (ctx, next) => {
    const methods = methodsAt(router, ctx, () => true);
    return methods.size === 0 ? next() : tellMethods(ctx, methods);
  };
}

/**
 * Keeps the paths of operations, form searches and histories apart from those of resources: the router matches any text
 * as a type or an id, but neither starts with `$` or `_`. Throws `not-found` (404) for an unknown operation, and
 * `method-not-allowed` (405).
 */
export function reserved(router: Router<RequestState>): Step {
  return (ctx, next) => {
    const mark = MARKS.find((one) => ctx.path.includes(one));
    if (mark === undefined) return next();
    const methods = methodsAt(router, ctx, (path) => path.includes(mark));
    if (methods.size === 0 && mark === OF_OPERATIONS) {
      throw new Failure('not-found', 'There is no such operation at this address.');
    }
    return methods.size === 0 || methods.has(ctx.method) ? next() : tellMethods(ctx, methods);
  };
}

/** How the name of an operation starts, and how words such as `_history` start. */
const OF_OPERATIONS = '/$';
const MARKS = [OF_OPERATIONS, '/_'] as const;

/** Returns the methods of the routes that match the path of a request. */
function methodsAt(router: Router<RequestState>, ctx: Context, isOf: (path: string) => boolean): Set<string> {
  const layers = router.match(ctx.path, ctx.method).path.filter(({ path }) => isOf(String(path)));
  return new Set(layers.flatMap((layer) => layer.methods));
}

function tellMethods(ctx: Context, methods: Set<string>): undefined {
  const allow = [...methods].join(', ');
  if (ctx.method !== 'OPTIONS') {
    throw new Failure('method-not-allowed', `This address accepts ${allow}.`, { headers: { Allow: allow } });
  }
  ctx.status = 204;
  ctx.set('Allow', allow);
  if (methods.has('PATCH')) ctx.set('Accept-Patch', PATCH_TYPES);
  return undefined;
}
