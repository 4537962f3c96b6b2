import { ipv6Network, parseAddress } from '../../common/address.js';

/** How two networks compare; an unknown one is neither the same as another nor a different one. */
export type NetworkRelation = 'same' | 'other' | 'unknown';

/**
 * The network that an address belongs to, in canonical text (design §3): IPv4 by /24, IPv6 by /64, since
 * a household or a phone moves freely within these. An IPv4-mapped IPv6 address counts as IPv4.
 *
 * @returns e.g. `203.0.113.0/24` or `2001:db8:1:2::/64`; null for null and for what is no address
 */
export function networkOf(ip: string | null): string | null {
  const address = ip === null ? null : parseAddress(ip);
  if (address === null) return null;
  if (address.family === 'ipv6') return ipv6Network(address);
  return `${address.parts.slice(0, 3).join('.')}.0/24`;
}

/** Compares two networks; null is an unknown one. */
export function relateNetworks(one: string | null, other: string | null): NetworkRelation {
  if (one === null || other === null) return 'unknown';
  return one === other ? 'same' : 'other';
}
