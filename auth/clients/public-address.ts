import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

// Not globally reachable (https://www.iana.org/assignments/iana-ipv4-special-registry).
const SPECIAL_V4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const;

// Only 2000::/3 of IPv6 is allocated. Within it, these are reserved or embed an IPv4 address.
const SPECIAL_V6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const special = new BlockList();
for (const [network, prefix] of SPECIAL_V4) special.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of SPECIAL_V6) special.addSubnet(network, prefix, 'ipv6');
const global = new BlockList();
global.addSubnet('2000::', 3, 'ipv6');

/** Returns true for a public IP address: not private, loopback, link-local or otherwise reserved. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, 'ipv4');
  return isIPv6(address) && global.check(address, 'ipv6') && !special.check(address, 'ipv6');
}

/** Returns the host of a URL; an IPv6 address without brackets. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/**
 * Returns the addresses of a host that needs no DNS: an IP address, or localhost (RFC 6761 §6.3). Otherwise undefined.
 */
export function knownAddresses(host: string): string[] | undefined {
  if (isIP(host) !== 0) return [host];
  return /(?:^|\.)localhost\.?$/.test(host) ? ['127.0.0.1', '::1'] : undefined;
}
