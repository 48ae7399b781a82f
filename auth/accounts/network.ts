import { isIPv4, isIPv6 } from 'node:net';

/** Returns an IPv4 address unchanged, and an IPv6 address as its /64 prefix, because one caller owns all of that. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  if (!isIPv6(address)) return address;
  const [left = [], right = []] = address.split('%', 1).join('').split('::').map(groupsOf);
  const zeros = '0'.repeat(Math.max(0, 8 - left.length - right.length)).split('');
  return `${[...left, ...zeros, ...right].slice(0, 4).join(':')}::/64`;
}

/** Returns the groups of a part of an IPv6 address, without leading zeros. */
function groupsOf(part: string): string[] {
  const groups = part === '' ? [] : part.split(':');
  return groups.map((group) => Number.parseInt(group, 16).toString(16));
}
