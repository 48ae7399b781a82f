import type { Logger } from 'pino';
import { principalName } from '../../auth/principal.ts';
import type { RandomBytes } from '../../resources/clock.ts';
import type { Step } from '../context.ts';
import type { RequestMetrics } from '../metrics/requests.ts';
import { statusOfUnread } from './unread.ts';

/** What a caller may choose as the id of a request: nothing that could break a header or a log line. */
const REQUEST_ID = /^[\w.:-]{1,64}$/;

/**
 * Gives each request an id (`X-Request-Id`, the caller's own where it is well-formed) and one log line, and counts it.
 * The line holds the path without its query: a query may carry what a log must not.
 */
export function observe(logger: Logger, random: RandomBytes, requests: RequestMetrics): Step {
  // Ids need to be unique, not secret: one draw a process and a count cost a request nothing.
  const process = random(9).toString('base64url');
  let count = 0;
  return async (ctx, next) => {
    const started = performance.now();
    requests.begin();
    const given = ctx.get('X-Request-Id');
    ctx.state.requestId = REQUEST_ID.test(given) ? given : `${process}-${(count++).toString(36)}`;
    ctx.res.setHeader('X-Request-Id', ctx.state.requestId);
    try {
      await next();
    } finally {
      const milliseconds = performance.now() - started;
      // What did not arrive whole was answered before it came to its end here.
      const status = (!ctx.req.complete && statusOfUnread(ctx.req.socket.errored)) || ctx.status;
      requests.end(ctx.method, status, milliseconds);
      logger.info({
        request: ctx.state.requestId,
        method: ctx.method,
        path: ctx.originalUrl.split('?', 1)[0],
        status,
        milliseconds: Math.round(milliseconds * 100) / 100,
        address: ctx.state.address,
        principal: ctx.state.principal && principalName(ctx.state.principal),
      });
    }
  };
}
