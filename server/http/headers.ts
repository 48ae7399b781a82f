import cors from '@koa/cors';
import type { AllowedOrigins } from '../../auth/clients/allowed-origins.ts';
import type { Config } from '../config.ts';
import type { Context, Step } from '../context.ts';
import { isPage } from './pages.ts';

/** Sets the headers of every response; HSTS only if the public address is https. */
export function securityHeaders(config: Config): Step {
  const secure = config.baseUrl.startsWith('https:');
  return ({ res }, next) => {
    // Uses Node's `setHeader`, at a third of the cost of koa's `set`.
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('Referrer-Policy', 'no-referrer');
    // Every response depends on the caller: no cache may store it.
    res.setHeader('Cache-Control', 'no-store');
    if (secure) res.setHeader('Strict-Transport-Security', 'max-age=63072000; includeSubDomains');
    return next();
  };
}

/**
 * Handles cross-origin requests (https://fetch.spec.whatwg.org/#http-cors-protocol; SMART App Launch 2, «Considerations
 * for CORS support»). Any origin may read discovery documents. Everything else is open to the configured origins and to
 * those that active Clients have registered. Credentials of the browser are allowed for configured origins only, never
 * with `*`: tokens need none.
 */
export function crossOrigin({ corsOrigins }: Config, registered: AllowedOrigins): Step {
  const anybody = allowing(() => '*', false);
  const configured = allowing((ctx) => ctx.get('Origin'), true);
  const ofClient = allowing((ctx) => ctx.get('Origin'), false);
  return (ctx, next) => {
    // Browsers navigate to these pages; no script may read them (RFC 9700 §2.6).
    if (isPage(ctx.path)) return next();
    if (corsOrigins === '*' || isDiscovery(ctx.path)) return anybody(ctx, next);
    const { origin } = ctx.req.headers;
    if (origin !== undefined && corsOrigins.includes(origin)) return configured(ctx, next);
    // An unlisted origin gets no CORS header, so the browser blocks the response.
    ctx.res.setHeader('Vary', 'Origin');
    if (origin === undefined) return next();
    return registered.has(origin).then((isListed) => (isListed ? ofClient(ctx, next) : next()));
  };
}

/** Returns true for the public documents that describe the server. */
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
 * Allows every request header that a script asks for, such as those of tracing, proxies and caches: unknown headers are
 * ignored, and without this the browser would not send the request at all.
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
