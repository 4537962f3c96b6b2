/** An IP address, taken apart: four octets, or eight groups of 16 bits. */
export interface Address {
  readonly family: 'ipv4' | 'ipv6';
  readonly parts: readonly number[];
}

/** A range of addresses in CIDR form (RFC 4632). */
export interface AddressRange {
  readonly address: Address;
  /** Leading bits that all its addresses share. */
  readonly prefix: number;
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const IPV6_ALPHABET = /^[0-9a-f:.]{2,45}$/i;
const ZONE = /%[^%]+$/;
/** Bits before the IPv4 address in an IPv4-mapped one. */
const MAPPED_BITS = 96;

/**
 * Reads an address; null for what is none. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is the IPv4 address it maps,
 * so that a dual-stack socket does not make two addresses of one. A zone (`%eth0`) is left out.
 */
export function parseAddress(text: string): Address | null {
  if (IPV4.test(text)) return { family: 'ipv4', parts: text.split('.').map(Number) };
  const groups = ipv6Groups(text.replace(ZONE, ''));
  if (groups === null) return null;
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (!isMapped) return { family: 'ipv6', parts: groups };
  const [high = 0, low = 0] = groups.slice(6);
  return { family: 'ipv4', parts: [high >> 8, high & 0xff, low >> 8, low & 0xff] };
}

/** The canonical text of an address (RFC 5952 §4). */
export function addressText({ family, parts }: Address): string {
  if (family === 'ipv4') return parts.join('.');
  const groups = parts.map((group) => group.toString(16)).join(':');
  return new URL(`http://[${groups}]`).hostname.slice(1, -1);
}

/**
 * The network of an IPv6 address in canonical text.
 *
 * @param bits - of the prefix; by default 64, what one subscriber has at least (RFC 6177)
 */
export function ipv6Network({ parts }: Address, bits: 64 | 56 | 48 = 64): string {
  const whole = parts.slice(0, Math.floor(bits / 16));
  // Half of a group: of /56 the higher byte of the fourth one.
  const prefix = bits % 16 === 0 ? whole : [...whole, (parts[whole.length] ?? 0) & 0xff00];
  // The last four groups are zero and so always are, or extend, the run that RFC 5952 §4.2 shortens.
  while (prefix.at(-1) === 0) prefix.pop();
  return `${prefix.map((group) => group.toString(16)).join(':')}::/${bits}`;
}

/** Reads `10.0.0.0/8`, `2001:db8::/32` or one address; null for what is neither. */
export function parseRange(text: string): AddressRange | null {
  const [, base = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(base);
  if (address === null) return null;
  const isMapped = address.family === 'ipv4' && base.includes(':');
  const bits = address.family === 'ipv4' ? 32 : 128;
  const prefix = digits === undefined ? bits : Number(digits) - (isMapped ? MAPPED_BITS : 0);
  return prefix >= 0 && prefix <= bits ? { address, prefix } : null;
}

/** Whether an address lies in one of the ranges. */
export function rangeTest(ranges: readonly AddressRange[]): (address: Address) => boolean {
  return (address) => ranges.some((range) => isWithin(range, address));
}

function isWithin({ address: base, prefix }: AddressRange, { family, parts }: Address): boolean {
  if (family !== base.family) return false;
  const size = family === 'ipv4' ? 8 : 16;
  return parts.every((part, index) => {
    const free = Math.min(size, Math.max(0, (index + 1) * size - prefix));
    return part >> free === (base.parts[index] ?? 0) >> free;
  });
}

/** The eight groups of an IPv6 address, or null. The URL parser knows the grammar (RFC 4291 §2.2). */
function ipv6Groups(text: string): number[] | null {
  const url = `http://[${text}]`;
  if (!IPV6_ALPHABET.test(text) || !URL.canParse(url)) return null;
  const [head = '', tail] = new URL(url).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...gap, ...after].map((group) => Number.parseInt(group, 16));
}
