/** What an address takes (RFC 9110 §15.5.6). */
import type Router from '@koa/router';
import { Failure } from '../../resources/errors.ts';
import type { Context, RequestState, Step } from '../context.ts';
import { PATCH_TYPES } from '../formats/media-types.ts';

/** A method that an address does not take is answered with those that it does. */
export function otherMethods(router: Router<RequestState>): Step {
  return (ctx, next) => {
    const methods = methodsAt(router, ctx, () => true);
    return methods.size === 0 ? next() : tellMethods(ctx, methods);
  };
}

/**
 * Keeps the addresses of operations, of searches by a form and of histories apart from those of resources, whose types
 * and ids may be anything to the router: none starts with `$` or `_`. Throws `not-found` (404) where there is no such
 * operation, and `method-not-allowed` (405).
 */
export function reserved(router: Router<RequestState>): Step {
  return (ctx, next) => {
    const mark = MARKS.find((one) => ctx.path.includes(one));
    if (mark === undefined) return next();
    const methods = methodsAt(router, ctx, (path) => path.includes(mark));
    if (methods.size === 0 && mark === OF_OPERATIONS) {
      throw new Failure('not-found', 'There is no such operation here.');
    }
    return methods.size === 0 || methods.has(ctx.method) ? next() : tellMethods(ctx, methods);
  };
}

/** What the name of an operation begins with, and how words such as `_history` do. */
const OF_OPERATIONS = '/$';
const MARKS = [OF_OPERATIONS, '/_'] as const;

/** The methods of the routes at the address of a request. */
function methodsAt(router: Router<RequestState>, ctx: Context, isOf: (path: string) => boolean): Set<string> {
  const layers = router.match(ctx.path, ctx.method).path.filter(({ path }) => isOf(String(path)));
  return new Set(layers.flatMap((layer) => layer.methods));
}

function tellMethods(ctx: Context, methods: Set<string>): undefined {
  const allow = [...methods].join(', ');
  if (ctx.method !== 'OPTIONS') {
    throw new Failure('method-not-allowed', `This address takes ${allow}.`, { headers: { Allow: allow } });
  }
  ctx.status = 204;
  ctx.set('Allow', allow);
  if (methods.has('PATCH')) ctx.set('Accept-Patch', PATCH_TYPES);
  return undefined;
}
