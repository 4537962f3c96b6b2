import { generateKeyPairSync } from 'node:crypto';
import type { RingAlgorithm } from './domain/algorithm.js';
import { publicJwk } from './domain/jwk.js';
import type { StoredKey } from './key-repository.js';
import { KeyEncryption } from './key-encryption.js';
import { NO_KEYS, readRing } from './ring-keys.js';

const ENCRYPTION = new KeyEncryption({
  keyEncryptionKey: 'a-secret-of-the-tests-0123456789-abcdefghijklm',
});

function signing(algorithm: RingAlgorithm): StoredKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    ...ENCRYPTION.encrypt(privateKey, algorithm),
    longestLifetime: 300,
    createdAt: 1,
    activatedAt: 1,
    retiredAt: null,
    verifiesUntil: null,
    state: 'signing',
  };
}

describe('a key of the ring', () => {
  it('signs and verifies with its algorithm', () => {
    const row = signing('RS256');
    const { signing: key, verifying } = readRing([row], ENCRYPTION, NO_KEYS);
    expect(key).toMatchObject({ kid: row.kid, algorithm: 'RS256' });
    expect(key?.verifying).toBe(verifying.get(row.kid));
    expect(verifying.get(row.kid)?.jwk).toEqual(publicJwk(key!.key, 'RS256'));
  });

  it.each(['HS256', 'ES256', 'ML-DSA-44', 'none', '__proto__', ''])(
    'whose row names an algorithm that it cannot have is left alone: %j',
    (algorithm) => {
      const row = { ...signing('RS256'), algorithm: algorithm as RingAlgorithm };
      const { damaged, signing: key, verifying } = readRing([row], ENCRYPTION, NO_KEYS);
      expect({ damaged, key, size: verifying.size }).toEqual({
        damaged: [row.kid],
        key: null,
        size: 0,
      });
    },
  );
});
