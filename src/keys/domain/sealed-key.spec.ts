import { deriveSealingKey, seal, unseal } from './sealed-key.js';

const NAME = { kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', algorithm: 'ES256' };
const PLAIN = Buffer.from('a private key in its DER form');
const KEY = deriveSealingKey('the secret of the operator');
const sealed = seal(PLAIN, NAME, KEY, Buffer.alloc(12, 7));

describe('a sealed private key', () => {
  it('opens with the secret and the name that it was sealed with', () => {
    expect(unseal(sealed, NAME, KEY)).toEqual(PLAIN);
    expect(unseal(sealed, NAME, deriveSealingKey('the secret of the operator'))).toEqual(PLAIN);
  });

  it('shows nothing of what it holds', () => {
    expect(sealed.includes(PLAIN.subarray(0, 4))).toBe(false);
    expect(sealed).not.toEqual(seal(PLAIN, NAME, KEY, Buffer.alloc(12, 8)));
  });

  it('opens with no other secret', () => {
    expect(unseal(sealed, NAME, deriveSealingKey('The secret of the operator'))).toBeNull();
  });

  it('opens in no other row, and for no other algorithm', () => {
    expect(unseal(sealed, { ...NAME, kid: NAME.kid.replace('N', 'M') }, KEY)).toBeNull();
    expect(unseal(sealed, { ...NAME, algorithm: 'ES384' }, KEY)).toBeNull();
  });

  it('does not open when any bit of it was changed', () => {
    for (let index = 0; index < sealed.length; index++) {
      for (const bit of [1, 128]) {
        const changed = Buffer.from(sealed);
        changed.writeUInt8(changed.readUInt8(index) ^ bit, index);
        expect(unseal(changed, NAME, KEY)).toBeNull();
      }
    }
  });

  it('does not open when it was cut, which would weaken the tag', () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(unseal(sealed.subarray(0, length), NAME, KEY)).toBeNull();
    }
  });
});
