import { isIP, isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { networkOf, relateNetworks } from './network.js';

// prettier-ignore
const JUNK = [
  '', ' ', 'localhost', 'unknown', '203.0.113', '203.0.113.256', '203.0.113.7.1', '1.2.3.',
  '01.2.3.4', '0x1.2.3.4', '1', '203.0.113.7:80', ' 203.0.113.7', '203.0.113.7\n', '203.0.113.7%eth0',
  '[::1]', '::1]', '1:2:3', ':::', '1::2::3', '::12345', '::g', '::ffff:203.0.113', '%eth0', '::1%',
  '2001:db8::1/64', `${'1:'.repeat(60)}:`,
];

const hex = (groups: number[]) => groups.map((group) => group.toString(16)).join(':');
const padded = (groups: number[]) =>
  groups.map((group) => group.toString(16).padStart(4, '0').toUpperCase()).join(':');

describe('networkOf', () => {
  it.each([
    ['203.0.113.7', '203.0.113.0/24'],
    ['203.0.113.255', '203.0.113.0/24'],
    ['0.0.0.0', '0.0.0.0/24'],
    ['255.255.255.255', '255.255.255.0/24'],
  ])('puts the IPv4 address %s into %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });

  it.each([
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002:ffff:FFFF:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8::/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['0:0:0:1:2:3:4:5', '0:0:0:1::/64'],
    ['1:2:3:4::', '1:2:3:4::/64'],
    ['1::8', '1::/64'],
    ['::', '::/64'],
    ['::1', '::/64'],
    ['fe80::1%eth0', 'fe80::/64'],
    ['64:ff9b::192.0.2.33', '64:ff9b::/64'],
  ])('puts the IPv6 address %s into %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });

  it.each(['::ffff:203.0.113.7', '::FFFF:cb00:7107', '0:0:0:0:0:ffff:203.0.113.7'])(
    'takes the IPv4-mapped address %s for the IPv4 address',
    (ip) => {
      expect(networkOf(ip)).toBe('203.0.113.0/24');
    },
  );

  it('takes an address that only resembles a mapped one for IPv6', () => {
    expect(networkOf('::fffe:203.0.113.7')).toBe('::/64');
    expect(networkOf('1::ffff:203.0.113.7')).toBe('1::/64');
  });

  it.each(JUNK)('finds no network for %j', (junk) => {
    expect(networkOf(junk)).toBeNull();
  });

  it('finds no network for an unknown address', () => {
    expect(networkOf(null)).toBeNull();
  });

  it('accepts exactly what is an address', () => {
    const nearlyAddress = fc
      .array(fc.constantFrom('0', '1', '25', 'f', 'ffff', ':', '::', '.', '::ffff:'), {
        maxLength: 14,
      })
      .map((parts) => parts.join(''));
    const text = fc.oneof(fc.ipV4(), fc.ipV6(), nearlyAddress, fc.string());
    fc.assert(
      fc.property(text, (ip) => {
        expect(networkOf(ip) === null).toBe(isIP(ip) === 0);
      }),
      { numRuns: 5000 },
    );
  });

  it('gives the same text for every address and spelling of a network', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const groups = (count: number) => fc.array(group, { minLength: count, maxLength: count });
    fc.assert(
      fc.property(groups(4), groups(4), groups(4), (prefix, one, other) => {
        fc.pre(prefix.some((value) => value !== 0));
        const network = networkOf(`${hex(prefix)}:${hex(one)}`);
        expect(networkOf(`${padded(prefix)}:${padded(other)}`)).toBe(network);
        expect(isIPv6(network!.slice(0, -'/64'.length))).toBe(true);
        expect(networkOf(network!.slice(0, -'/64'.length))).toBe(network);
      }),
    );
  });
});

describe('relateNetworks', () => {
  it.each([
    ['203.0.113.0/24', '203.0.113.0/24', 'same'],
    ['203.0.113.0/24', '198.51.100.0/24', 'other'],
    ['203.0.113.0/24', null, 'unknown'],
    [null, '203.0.113.0/24', 'unknown'],
    [null, null, 'unknown'],
  ])('finds %j and %j to be: %s', (one, other, relation) => {
    expect(relateNetworks(one, other)).toBe(relation);
  });
});
