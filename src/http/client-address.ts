import {
  addressText,
  parseAddress,
  parseRange,
  rangeTest,
  type Address,
} from '../common/address.js';

/** What tells where a request comes from; every platform's request has these. */
export interface ClientRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket?: { readonly remoteAddress?: string };
}

const FORWARDING_HEADERS = ['x-forwarded-for', 'forwarded', 'x-real-ip'] as const;

/** Addresses that do not exist on the internet: loopback, link-local, private and carrier-grade (RFC 6890). */
const isPrivate = rangeTest(
  [
    '127.0.0.0/8',
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '169.254.0.0/16',
    '100.64.0.0/10',
    '::1',
    'fc00::/7',
    'fe80::/10',
  ].flatMap((text) => parseRange(text) ?? []),
);

type Read = (element: string) => Address | null;

const FOR_PARAMETER = /^for=(?:"([^"\\]*)"|([^"\\]*))$/i;
const WITH_PORT = /^(?:\[([^\]]*)\]|([\d.]+))(?::\w+)?$/;

/**
 * The client's address in canonical text; null when the socket has none (it is no IP socket).
 *
 * `X-Forwarded-For` and `Forwarded` (RFC 7239 §5.2) are read from the right, as long as the hop that wrote the element is
 * trusted: any client can have sent what stands further left. A trusted hop that names no address is the client itself.
 * Most proxies write one of the two headers and pass the other on as the client sent it; so where both headers are there
 * and disagree, neither is believed, and the proxy counts as the client.
 */
export function clientAddress(
  request: ClientRequest,
  isTrusted: (address: Address) => boolean,
): string | null {
  const peer = parseAddress(request.socket?.remoteAddress ?? '');
  if (peer === null) return null;
  if (!isTrusted(peer)) return addressText(peer);
  const readings: [elements: string[], read: Read][] = [
    [elementsOf(request, 'x-forwarded-for'), readNode],
    [elementsOf(request, 'forwarded'), readForwarded],
  ];
  const clients = readings
    .filter(([elements]) => elements.length > 0)
    .map(([elements, read]) => addressText(walk(peer, elements, read, isTrusted)));
  const [client = addressText(peer), other = client] = clients;
  return client === other ? client : addressText(peer);
}

/**
 * Whether a client's address is that of a proxy, which all clients behind the proxy share: the peer sends forwarding
 * headers, and either the peer is not trusted and has a private address, or it is trusted and the headers name no client.
 *
 * @param client - as {@link clientAddress} gives it
 */
export function isProxyAddress(
  client: string | null,
  request: ClientRequest,
  isTrusted: (address: Address) => boolean,
): boolean {
  if (FORWARDING_HEADERS.every((name) => request.headers[name] === undefined)) return false;
  const peer = parseAddress(request.socket?.remoteAddress ?? '');
  if (peer === null || addressText(peer) !== client) return false;
  return isTrusted(peer) || isPrivate(peer);
}

function walk(
  peer: Address,
  elements: readonly string[],
  read: Read,
  isTrusted: (address: Address) => boolean,
): Address {
  let client = peer;
  for (const element of elements.toReversed()) {
    const before = isTrusted(client) ? read(element) : null;
    if (before === null) break;
    client = before;
  }
  return client;
}

/** No address holds a comma, so quoted ones can be cut as well: an open quote further left must not hide the rest. */
function elementsOf({ headers }: ClientRequest, name: string): string[] {
  const value = headers[name] ?? [];
  return [value].flat().flatMap((line) => line.split(',').map((element) => element.trim()));
}

/** The `for` of an element such as `for="[2001:db8::1]:4711";proto=https`; null for `unknown`, `_hidden` and junk. */
function readForwarded(element: string): Address | null {
  const found = element.split(';').flatMap((pair) => {
    const match = FOR_PARAMETER.exec(pair.trim());
    return match ? [match[1] ?? match[2] ?? ''] : [];
  });
  const [node = '', ...more] = found;
  return more.length === 0 ? readNode(node) : null;
}

/** An address, some proxies add the port: `192.0.2.1:80`, `[2001:db8::1]:80`. */
function readNode(node: string): Address | null {
  const match = WITH_PORT.exec(node);
  return parseAddress(match?.[1] ?? match?.[2] ?? node);
}
