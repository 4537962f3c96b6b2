import { isIP } from 'node:net';
import * as fc from 'fast-check';
import { addressText, parseAddress, parseRange, rangeTest } from './address.js';

const text = (address: string): string | null => {
  const parsed = parseAddress(address);
  return parsed && addressText(parsed);
};

const isIn = (range: string, address: string): boolean =>
  rangeTest([parseRange(range)!])(parseAddress(address)!);

describe('parseAddress', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['2001:0DB8::0001', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
  ])('reads %s as %s', (spelling, canonical) => {
    expect(text(spelling)).toBe(canonical);
  });

  it.each(['', 'unknown', '_hidden', '1.2.3', '01.2.3.4', '1.2.3.4:80', '[::1]', '::1/64'])(
    'finds no address in %j',
    (junk) => {
      expect(parseAddress(junk)).toBeNull();
    },
  );

  it('gives a canonical text that is an address and stands for itself', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const canonical = text(address)!;
        expect(isIP(canonical)).not.toBe(0);
        expect(text(canonical)).toBe(canonical);
      }),
    );
  });
});

describe('parseRange', () => {
  it.each(['10.0.0.0/8', '10.0.0.1', '0.0.0.0/0', '2001:db8::/32', '::1', '::ffff:10.0.0.0/104'])(
    'takes %s',
    (range) => {
      expect(parseRange(range)).not.toBeNull();
    },
  );

  it.each([
    '',
    '10.0.0.0/33',
    '10.0.0/8',
    '::/129',
    '::ffff:10.0.0.0/95',
    '10.0.0.0/',
    'lan',
    '/8',
  ])('refuses %j', (range) => {
    expect(parseRange(range)).toBeNull();
  });
});

describe('rangeTest', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.1.2.3/8', '10.9.9.9', true],
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['10.0.0.0/8', '::ffff:10.0.0.1', true],
    ['::ffff:10.0.0.0/104', '10.200.0.1', true],
    ['0.0.0.0/0', '203.0.113.7', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['10.16.0.0/12', '10.31.255.255', true],
    ['10.16.0.0/12', '10.32.0.0', false],
    ['2001:db8:8000::/33', '2001:db8:ffff::', true],
    ['2001:db8:8000::/33', '2001:db8:7fff::', false],
    ['::/0', '203.0.113.7', false],
  ])('of %s says about %s: %s', (range, address, expected) => {
    expect(isIn(range, address)).toBe(expected);
  });

  it('of no range at all holds for nobody', () => {
    expect(rangeTest([])(parseAddress('127.0.0.1')!)).toBe(false);
  });
});
