import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { RING_ALGORITHMS, algorithmsFor, isRingAlgorithm, keyProblem } from './algorithm.js';

const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];

const KEYS: readonly [string, KeyObject, readonly string[]][] = [
  ['an RSA key', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, RSA],
  [
    'an RSA-PSS key',
    generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey,
    ['PS256', 'PS384', 'PS512'],
  ],
  ['a short RSA key', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, []],
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, ['ES256']],
  ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey, ['ES384']],
  ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey, ['ES512']],
  ['secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey, []],
  ['Ed25519', generateKeyPairSync('ed25519').privateKey, ['EdDSA']],
  ['Ed448', generateKeyPairSync('ed448').privateKey, []],
  ['X25519', generateKeyPairSync('x25519').privateKey, []],
];

describe.each(KEYS)('%s', (_name, key, fit) => {
  it.each(RING_ALGORITHMS)('is judged for %s', (algorithm) => {
    const problem = keyProblem(algorithm, key);
    if (fit.includes(algorithm)) expect(problem).toBeNull();
    else expect(problem).toMatch(/^is .*(needs an? |shorter than 2048)/);
  });

  it('is known to be fit for these and no others', () => {
    expect(algorithmsFor(key)).toEqual(fit);
  });
});

describe('an algorithm of the ring', () => {
  it.each(['none', 'NONE', 'HS256', 'ES256K', 'es256', 'RS1', '', 'constructor', '__proto__'])(
    'is not %j',
    (algorithm) => expect(isRingAlgorithm(algorithm)).toBe(false),
  );
});
