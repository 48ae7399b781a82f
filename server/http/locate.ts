import type { BlockList } from 'node:net';
import { isIP, isIPv6 } from 'node:net';
import type { Config } from '../config.ts';
import type { Context, Step } from '../context.ts';

/**
 * Sets the caller's address and the base that the request came in at. The API is served at the root and under `/fhir`.
 * That prefix is cut off, so that no second spelling of a path reaches an endpoint.
 */
export function locate(config: Config): Step {
  const proxies = config.trustedProxies.rules.length > 0 ? config.trustedProxies : undefined;
  return (ctx, next) => {
    ctx.state.address = addressOf(ctx, proxies);
    if (!isReadable(ctx)) {
      // A later step rejects it, once errors can be rendered; until then its path is `/`.
      ctx.state.unreadable = true;
      ctx.url = '/';
    }
    const twin = ctx.path === '/fhir' || ctx.path.startsWith('/fhir/');
    ctx.state.base = twin ? `${config.baseUrl}/fhir` : config.baseUrl;
    if (twin) ctx.path = ctx.path.slice('/fhir'.length) || '/';
    return next();
  };
}

/** Returns false for a URL whose path cannot be parsed: `http://[::1/Patient`. */
function isReadable(ctx: Context): boolean {
  try {
    return ctx.path !== undefined;
  } catch {
    return false;
  }
}

/** Returns the nearest address that is not a trusted proxy; `X-Forwarded-For` from any other sender is ignored. */
function addressOf(ctx: Context, trusted: BlockList | undefined): string {
  let address = plain(ctx.req.socket.remoteAddress ?? '');
  if (!trusted) return address;
  const forwarded = ctx.get('X-Forwarded-For').split(',');
  while (forwarded.length > 0 && trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) {
    const previous = plain(withoutPort((forwarded.pop() ?? '').trim()));
    // An entry that is no address came from the caller and is ignored.
    if (isIP(previous) === 0) break;
    address = previous;
  }
  return address;
}

/** Strips the port, which some proxies append to an address. */
function withoutPort(text: string): string {
  const [, v4, v6] = /^(?:([\d.]+):\d+|\[(.+)\](?::\d+)?)$/.exec(text) ?? [];
  return v4 ?? v6 ?? text;
}

/** Returns an IPv4 address without the IPv4-mapped IPv6 prefix of a dual-stack socket. */
export function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
