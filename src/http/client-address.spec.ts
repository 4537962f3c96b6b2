import { parseRange, rangeTest } from '../common/address.js';
import { clientAddress, isProxyAddress } from './client-address.js';

const PROXY = '10.0.0.1';
const isTrusted = rangeTest([parseRange('10.0.0.0/8')!, parseRange('fd00::/8')!]);

const clientOf = (
  remoteAddress: string | undefined,
  headers: Record<string, string | string[]>,
): string | null => clientAddress({ socket: { remoteAddress }, headers }, isTrusted);

describe('clientAddress', () => {
  it('is the address of the socket in canonical form', () => {
    expect(clientOf('::ffff:203.0.113.7', {})).toBe('203.0.113.7');
    expect(clientOf('2001:DB8::0:1', {})).toBe('2001:db8::1');
    expect(clientOf(PROXY, {})).toBe(PROXY);
  });

  it('is null where the socket has none', () => {
    expect(clientOf(undefined, { 'x-forwarded-for': '198.51.100.1' })).toBeNull();
    expect(clientAddress({ headers: {} }, isTrusted)).toBeNull();
  });

  it('believes nothing that a stranger sends', () => {
    const headers = { 'x-forwarded-for': '198.51.100.1', forwarded: 'for=198.51.100.1' };
    expect(clientOf('203.0.113.7', headers)).toBe('203.0.113.7');
  });

  it.each([
    ['198.51.100.1', '198.51.100.1'],
    ['1.1.1.1, 198.51.100.1', '198.51.100.1'],
    ['1.1.1.1, 198.51.100.1, 10.0.0.2,10.0.0.3', '198.51.100.1'],
    ['10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['1.1.1.1, junk, 10.0.0.2', '10.0.0.2'],
    ['1.1.1.1, , 10.0.0.2', '10.0.0.2'],
    ['198.51.100.1, unknown', PROXY],
    ['', PROXY],
    ['::ffff:198.51.100.1', '198.51.100.1'],
    ['1.1.1.1, ::ffff:10.0.0.9', '1.1.1.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['198.51.100.1:4711', '198.51.100.1'],
  ])('reads X-Forwarded-For: %s from the right', (value, client) => {
    expect(clientOf(PROXY, { 'x-forwarded-for': value })).toBe(client);
  });

  it('reads several header lines as one list', () => {
    expect(clientOf(PROXY, { 'x-forwarded-for': ['1.1.1.1', '198.51.100.1, 10.0.0.2'] })).toBe(
      '198.51.100.1',
    );
  });

  it.each([
    ['for=198.51.100.1', '198.51.100.1'],
    ['For="[2001:db8::1]:4711";proto=https;by=10.0.0.1', '2001:db8::1'],
    ['for="[2001:db8::1]"', '2001:db8::1'],
    ['proto=http; for="198.51.100.1:_port"', '198.51.100.1'],
    ['for=1.1.1.1, for=198.51.100.1;proto=http, for=10.0.0.2', '198.51.100.1'],
    ['for=1.1.1.1, for=unknown', PROXY],
    ['for=1.1.1.1, for=_hidden', PROXY],
    ['for=1.1.1.1, proto=https', PROXY],
    ['for=1.1.1.1;for=2.2.2.2', PROXY],
    // What a client sends must not swallow what the proxy appends.
    ['for="1.1.1.1, for=198.51.100.1', '198.51.100.1'],
    ['for=1.1.1.1;x="\\, for=198.51.100.1', '198.51.100.1'],
  ])('reads Forwarded: %s from the right', (value, client) => {
    expect(clientOf(PROXY, { forwarded: value })).toBe(client);
  });

  it('takes two headers that agree', () => {
    const headers = { 'x-forwarded-for': '1.1.1.1, 198.51.100.1', forwarded: 'for=198.51.100.1' };
    expect(clientOf(PROXY, headers)).toBe('198.51.100.1');
  });

  it('is the proxy where two headers contradict each other: one is as the client sent it', () => {
    const headers = { 'x-forwarded-for': '198.51.100.1', forwarded: 'for=1.1.1.1' };
    expect(clientOf(PROXY, headers)).toBe(PROXY);
  });

  it('knows trusted IPv6 proxies', () => {
    expect(clientOf('fd00::5', { 'x-forwarded-for': '2001:db8::1' })).toBe('2001:db8::1');
  });
});

describe('isProxyAddress', () => {
  const isProxy = (remoteAddress: string | undefined, headers: Record<string, string>) => {
    const request = { socket: { remoteAddress }, headers };
    return isProxyAddress(clientAddress(request, isTrusted), request, isTrusted);
  };
  const FORWARDED: Record<string, string>[] = [
    { 'x-forwarded-for': '198.51.100.1' },
    { forwarded: 'for=198.51.100.1' },
    { 'x-real-ip': '198.51.100.1' },
  ];

  it.each([
    '127.0.0.1',
    '::1',
    '::ffff:172.18.0.5',
    '192.168.1.1',
    '169.254.1.1',
    '100.64.0.1',
    'fe80::1',
    'fc00::1',
  ])('is true of %s, which is not trusted and forwards', (peer) => {
    for (const headers of FORWARDED) expect(isProxy(peer, headers)).toBe(true);
    expect(isProxy(peer, {})).toBe(false);
  });

  it.each(['203.0.113.7', '172.32.0.1', '100.128.0.1', '2001:db8::1', undefined])(
    'is false of %s, whatever it sends',
    (peer) => {
      for (const headers of FORWARDED) expect(isProxy(peer, headers)).toBe(false);
    },
  );

  it('is false where a trusted proxy names its client, and true where it names none', () => {
    expect(isProxy(PROXY, { 'x-forwarded-for': '198.51.100.1' })).toBe(false);
    expect(isProxy(PROXY, { 'x-forwarded-for': '10.0.0.3' })).toBe(false);
    expect(isProxy(PROXY, { 'x-forwarded-for': 'unknown' })).toBe(true);
    expect(isProxy(PROXY, { 'x-real-ip': '198.51.100.1' })).toBe(true);
    const contradiction = { 'x-forwarded-for': '198.51.100.1', forwarded: 'for=1.1.1.1' };
    expect(isProxy(PROXY, contradiction)).toBe(true);
    expect(isProxy(PROXY, {})).toBe(false);
  });
});
