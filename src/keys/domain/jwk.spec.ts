import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
} from 'node:crypto';
import { isThumbprint, publicJwk } from './jwk.js';

/** RFC 7638 §3.1. */
const RFC_7638 = {
  kty: 'RSA',
  n:
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWK' +
    'RXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMic' +
    'AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3' +
    'XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
  alg: 'RS256',
  kid: '2011-04-29',
};
/** RFC 8037 Appendix A.1 and A.3. */
const RFC_8037 = {
  kty: 'OKP',
  crv: 'Ed25519',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
};

describe('the public JWK of a key', () => {
  it('is named by the thumbprint of RFC 7638', () => {
    const key = createPublicKey({ key: RFC_7638, format: 'jwk' });
    const { kty, n, e } = RFC_7638;
    expect(publicJwk(key, 'RS256')).toEqual({
      kty,
      n,
      e,
      kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
      alg: 'RS256',
      use: 'sig',
    });
  });

  it('is named by the thumbprint of RFC 8037, and leaves the private part out', () => {
    const key = createPrivateKey({ key: RFC_8037, format: 'jwk' });
    const { kty, crv, x } = RFC_8037;
    expect(publicJwk(key, 'EdDSA')).toEqual({
      kty,
      crv,
      x,
      kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
      alg: 'EdDSA',
      use: 'sig',
    });
  });

  it('is the same for both halves of a pair, and another for each pair', () => {
    const kids = [1, 2].map(() => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
      const jwk = publicJwk(privateKey, 'ES384');
      expect(publicJwk(publicKey, 'ES384')).toEqual(jwk);
      expect(Object.keys(jwk ?? {}).toSorted()).toEqual(
        ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'].toSorted(),
      );
      return jwk?.kid ?? '';
    });
    expect(new Set(kids).size).toBe(2);
    expect(kids.every(isThumbprint)).toBe(true);
  });

  it('is nothing for a secret, and for a key that has no form as a JWK', () => {
    expect(publicJwk(createSecretKey(Buffer.alloc(32, 1)), 'HS256')).toBeNull();
    const { privateKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
    expect(publicJwk(privateKey, 'PS256')).toBeNull();
    const { publicKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
    expect(publicJwk(publicKey, 'PS256')).toBeNull();
  });
});

describe('an id', () => {
  it.each(['', '__proto__', '../etc', 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}=`])(
    'like %j is none of ours',
    (kid) => expect(isThumbprint(kid)).toBe(false),
  );
});
