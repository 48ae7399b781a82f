import cors from '@koa/cors';
import type { AllowedOrigins } from '../../auth/clients/allowed-origins.ts';
import type { Config } from '../config.ts';
import type { Context, Step } from '../context.ts';
import { isPage } from './pages.ts';

/** The headers that every answer carries; HSTS only where the public address is https. */
export function securityHeaders(config: Config): Step {
  const secure = config.baseUrl.startsWith('https:');
  return ({ res }, next) => {
    // By Node itself, which costs a request a third of what koa's way to it does.
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('Referrer-Policy', 'no-referrer');
    // Every answer depends on who asks: no cache may keep one for another.
    res.setHeader('Cache-Control', 'no-store');
    if (secure) res.setHeader('Strict-Transport-Security', 'max-age=63072000; includeSubDomains');
    return next();
  };
}

/**
 * Cross-origin requests (https://fetch.spec.whatwg.org/#http-cors-protocol; SMART App Launch 2, «Considerations for
 * CORS support»): discovery may be read from anywhere, all else from the configured origins and from those that active
 * Clients have registered. The latter get no credentials of the browser, and none go with `*`: tokens need none.
 */
export function crossOrigin({ corsOrigins }: Config, registered: AllowedOrigins): Step {
  const anybody = allowing(() => '*', false);
  const configured = allowing((ctx) => ctx.get('Origin'), true);
  const ofClient = allowing((ctx) => ctx.get('Origin'), false);
  return (ctx, next) => {
    // People are sent to these pages; no script has any business with them (RFC 9700 §2.6).
    if (isPage(ctx.path)) return next();
    if (corsOrigins === '*' || isDiscovery(ctx.path)) return anybody(ctx, next);
    const { origin } = ctx.req.headers;
    if (origin !== undefined && corsOrigins.includes(origin)) return configured(ctx, next);
    // An origin that is not listed gets no header at all; the browser refuses the answer.
    ctx.res.setHeader('Vary', 'Origin');
    if (origin === undefined) return next();
    return registered.has(origin).then((isListed) => (isListed ? ofClient(ctx, next) : next()));
  };
}

/** What the server tells everybody of itself. */
function isDiscovery(path: string): boolean {
  return path === '/metadata' || path === '/openapi.json' || path.startsWith('/.well-known/');
}

function allowing(origin: (ctx: Context) => string, credentials: boolean): Step {
  const step: Step = cors({
    origin,
    credentials,
    allowMethods: 'GET,HEAD,POST,PUT,PATCH,DELETE',
    allowHeaders: READABLE_BY_SCRIPTS.request,
    exposeHeaders: READABLE_BY_SCRIPTS.answer,
    maxAge: 600,
  });
  return (ctx, next) => (ctx.method === 'OPTIONS' ? step(ctx, next).then(() => allowAsked(ctx)) : step(ctx, next));
}

/**
 * Lets scripts send whatever headers they ask for, such as those of tracing, of proxies and of caches: one that is not
 * known is not read, and without it the browser would not send the request at all.
 */
function allowAsked(ctx: Context): void {
  const asked = ctx.get('Access-Control-Request-Headers');
  const allowed = ctx.response.get('Access-Control-Allow-Headers');
  if (asked !== '' && allowed !== '') ctx.set('Access-Control-Allow-Headers', `${allowed},${asked}`);
}

const READABLE_BY_SCRIPTS = {
  request: [
    'Accept',
    'Authorization',
    'Content-Type',
    'If-Match',
    'If-Modified-Since',
    'If-None-Exist',
    'If-None-Match',
    'Prefer',
    'X-Medplum',
    'X-Request-Id',
  ].join(','),
  answer: ['ETag', 'Last-Modified', 'Location', 'Retry-After', 'WWW-Authenticate', 'X-Request-Id'].join(','),
};
