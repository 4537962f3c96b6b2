import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { RingAlgorithm } from './domain/algorithm.js';

const generate = promisify(generateKeyPair);

/** Bits of a new RSA key (NIST SP 800-57 part 1: 112 bits of security). */
const RSA_BITS = 2048;

const CURVES = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const;

/** Makes a new private key that is fit for the algorithm; RSA takes up to some seconds, off the event loop. */
export async function generatePrivateKey(algorithm: RingAlgorithm): Promise<KeyObject> {
  switch (algorithm) {
    case 'EdDSA':
      return (await generate('ed25519')).privateKey;
    case 'ES256':
    case 'ES384':
    case 'ES512':
      return (await generate('ec', { namedCurve: CURVES[algorithm] })).privateKey;
    default:
      return (await generate('rsa', { modulusLength: RSA_BITS })).privateKey;
  }
}
