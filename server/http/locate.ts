import type { BlockList } from 'node:net';
import { isIP, isIPv6 } from 'node:net';
import type { Config } from '../config.ts';
import type { Context, Step } from '../context.ts';

/**
 * Tells where a request came from and which base it came in at. The API stands at the root and under `/fhir`;
 * the path is only ever cut, so that no second spelling of a path reaches an endpoint.
 */
export function locate(config: Config): Step {
  const proxies = config.trustedProxies.rules.length > 0 ? config.trustedProxies : undefined;
  return (ctx, next) => {
    ctx.state.address = addressOf(ctx, proxies);
    if (!isReadable(ctx)) {
      // It is refused where failures are told, and leads nowhere until then.
      ctx.state.unreadable = true;
      ctx.url = '/';
    }
    const twin = ctx.path === '/fhir' || ctx.path.startsWith('/fhir/');
    ctx.state.base = twin ? `${config.baseUrl}/fhir` : config.baseUrl;
    if (twin) ctx.path = ctx.path.slice('/fhir'.length) || '/';
    return next();
  };
}

/** False for an address of which not even the path can be told: `http://[::1/Patient`. */
function isReadable(ctx: Context): boolean {
  try {
    return ctx.path !== undefined;
  } catch {
    return false;
  }
}

/** The nearest address that is not a trusted proxy; `X-Forwarded-For` of anyone else counts for nothing. */
function addressOf(ctx: Context, trusted: BlockList | undefined): string {
  let address = plain(ctx.req.socket.remoteAddress ?? '');
  if (!trusted) return address;
  const forwarded = ctx.get('X-Forwarded-For').split(',');
  while (forwarded.length > 0 && trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) {
    const previous = plain(withoutPort((forwarded.pop() ?? '').trim()));
    // What is no address came from the caller: whom it names does not matter.
    if (isIP(previous) === 0) break;
    address = previous;
  }
  return address;
}

/** What some proxies write of a caller, an address with its port, without the port. */
function withoutPort(text: string): string {
  const [, v4, v6] = /^(?:([\d.]+):\d+|\[(.+)\](?::\d+)?)$/.exec(text) ?? [];
  return v4 ?? v6 ?? text;
}

/** An IPv4 address without the IPv6 form that a dual-stack socket gives it. */
export function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
