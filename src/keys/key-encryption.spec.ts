import { deriveWrappingKey, unwrap, wrap } from './key-encryption.js';

const NAME = { kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', algorithm: 'ES256' };
const PLAIN = Buffer.from('a private key in its DER form');
const KEY = deriveWrappingKey('the secret of the operator');
const wrapped = wrap(PLAIN, NAME, KEY, Buffer.alloc(12, 7));

describe('an encrypted private key', () => {
  it('opens with the secret and the name that it was encrypted with', () => {
    expect(unwrap(wrapped, NAME, KEY)).toEqual(PLAIN);
    expect(unwrap(wrapped, NAME, deriveWrappingKey('the secret of the operator'))).toEqual(PLAIN);
  });

  it('shows nothing of what it holds', () => {
    expect(wrapped.includes(PLAIN.subarray(0, 4))).toBe(false);
    expect(wrapped).not.toEqual(wrap(PLAIN, NAME, KEY, Buffer.alloc(12, 8)));
  });

  it('opens with no other secret', () => {
    expect(unwrap(wrapped, NAME, deriveWrappingKey('The secret of the operator'))).toBeNull();
  });

  it('opens in no other row, and for no other algorithm', () => {
    expect(unwrap(wrapped, { ...NAME, kid: NAME.kid.replace('N', 'M') }, KEY)).toBeNull();
    expect(unwrap(wrapped, { ...NAME, algorithm: 'ES384' }, KEY)).toBeNull();
  });

  it('does not open when any bit of it was changed', () => {
    for (let index = 0; index < wrapped.length; index++) {
      for (const bit of [1, 128]) {
        const changed = Buffer.from(wrapped);
        changed.writeUInt8(changed.readUInt8(index) ^ bit, index);
        expect(unwrap(changed, NAME, KEY)).toBeNull();
      }
    }
  });

  it('does not open when it was cut, which would weaken the tag', () => {
    for (let length = 0; length < wrapped.length; length++) {
      expect(unwrap(wrapped.subarray(0, length), NAME, KEY)).toBeNull();
    }
  });
});
