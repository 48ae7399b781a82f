import type { Logger } from 'pino';
import { principalName } from '../../auth/principal.ts';
import type { RandomBytes } from '../../resources/clock.ts';
import type { Step } from '../context.ts';
import type { RequestMetrics } from '../metrics/requests.ts';
import { statusOfUnparsable } from './unparsable.ts';

/** The form of a request id from the caller: it cannot break a header or a log line. */
const REQUEST_ID = /^[\w.:-]{1,64}$/;

/**
 * Gives each request an id (`X-Request-Id`; the caller's own if it is well-formed) and one log line, and counts it. The
 * line has the path without its query, which may hold data that must not be logged.
 */
export function observe(logger: Logger, random: RandomBytes, requests: RequestMetrics): Step {
  // Ids must be unique, not secret: one random prefix per process and a counter cost nothing per request.
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
      // Node has already answered a request that did not arrive whole.
      const status = (!ctx.req.complete && statusOfUnparsable(ctx.req.socket.errored)) || ctx.status;
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
