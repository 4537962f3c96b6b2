const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const IPV6_ALPHABET = /^[0-9a-f:.]{2,45}$/i;
const ZONE = /%[^%]+$/;

/**
 * The network that an address belongs to, in canonical text (design §3): IPv4 by /24, IPv6 by /64, since
 * a household or a phone moves freely within these. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is the
 * IPv4 address it maps, so that a dual-stack socket does not make two networks of one.
 *
 * @returns e.g. `203.0.113.0/24` or `2001:db8:1:2::/64`; null for null and for what is no address
 */
export function networkOf(ip: string | null): string | null {
  if (ip === null) return null;
  if (IPV4.test(ip)) return ipv4Network(ip.split('.').map(Number));
  const groups = ipv6Groups(ip.replace(ZONE, ''));
  if (groups === null) return null;
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return isMapped ? ipv4Network([high >> 8, high & 0xff, low >> 8]) : ipv6Network(groups);
}

function ipv4Network([a, b, c]: number[]): string {
  return `${a}.${b}.${c}.0/24`;
}

/** The last four groups are zero and so always are, or extend, the run that RFC 5952 §4.2 shortens. */
function ipv6Network(groups: number[]): string {
  const prefix = groups.slice(0, 4);
  while (prefix.at(-1) === 0) prefix.pop();
  return `${prefix.map((group) => group.toString(16)).join(':')}::/64`;
}

/** The eight groups of an IPv6 address, or null. The URL parser knows the grammar (RFC 4291 §2.2). */
function ipv6Groups(ip: string): number[] | null {
  const url = `http://[${ip}]`;
  if (!IPV6_ALPHABET.test(ip) || !URL.canParse(url)) return null;
  const [head = '', tail] = new URL(url).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...gap, ...after].map((group) => Number.parseInt(group, 16));
}
