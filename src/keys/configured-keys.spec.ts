import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import type { Algorithm } from './domain/algorithm.js';
import { loadConfiguredKeys } from './configured-keys.js';

const SECRET = 'a secret of the tests; 0123456789 0123456789';

const text = (key: KeyObject): string =>
  key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }) as string;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed25519 = generateKeyPairSync('ed25519');
const encrypted = rsa.privateKey.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'secret',
}) as string;

const OPEN_SSH = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKV6Vt6Qh2k3x5nq8Yw1cH0r7uJmD4fLzTgS9bXoEaPi';

interface Given {
  readonly profile?: 'secure' | 'parity';
  readonly verifyingKey?: string;
  readonly previousSigningKeys?: readonly string[];
}

const load = (algorithm: Algorithm, signingKey: string, given: Given = {}) =>
  loadConfiguredKeys({
    profile: 'secure',
    algorithm,
    signingKey,
    verifyingKey: '',
    previousSigningKeys: [],
    ...given,
  });

describe('configured keys of the wrong family', () => {
  it.each<[string, Algorithm, string, string]>([
    [
      'an RSA key',
      'ES256',
      text(rsa.privateKey),
      'Set SIMPLE_JWT_ALGORITHM to RS256, RS384, RS512, PS256, PS384 or PS512',
    ],
    [
      'a P-256 key',
      'ES384',
      text(p256.privateKey),
      'is a key on the curve P-256, and ES384 needs a key on the curve P-384. Set SIMPLE_JWT_ALGORITHM to ES256',
    ],
    ['a P-256 key', 'RS256', text(p256.privateKey), 'Set SIMPLE_JWT_ALGORITHM to ES256'],
    ['an Ed25519 key', 'PS256', text(ed25519.privateKey), 'Set SIMPLE_JWT_ALGORITHM to EdDSA'],
    [
      'a PEM key',
      'HS256',
      text(rsa.privateKey),
      'is a PEM key, and HS256 wants a secret. Set SIMPLE_JWT_ALGORITHM to RS256, RS384, RS512, PS256, PS384 or PS512, or give a secret',
    ],
    [
      'a public PEM key',
      'HS512',
      ` \n${text(p256.publicKey)}`,
      'Set SIMPLE_JWT_ALGORITHM to ES256',
    ],
    ['a secret', 'RS256', SECRET, 'To sign with a secret, set SIMPLE_JWT_ALGORITHM to HS256'],
    [
      'a public key',
      'ES256',
      text(p256.publicKey),
      'is a public key, and ES256 signs with a private one',
    ],
    ['a key behind a passphrase', 'RS256', encrypted, 'openssl pkey -in key.pem'],
    [
      'a damaged key',
      'RS256',
      '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----',
      'is not a private key in PEM',
    ],
    ['a short secret', 'HS256', 'short', 'at least 32 bytes'],
    ['an OpenSSH key', 'HS256', `${OPEN_SSH} alice@host`, 'is an OpenSSH public key'],
    ['an OpenSSH key', 'HS512', ` from="10.0.0.1" ${OPEN_SSH}`, 'is an OpenSSH public key'],
    [
      'an OpenSSH key of RSA',
      'HS256',
      'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7',
      'is an OpenSSH public key, and HS256 wants a secret',
    ],
    [
      'an OpenSSH key on a curve',
      'HS256',
      'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlz',
      'is an OpenSSH public key',
    ],
    [
      'an SSH2 key',
      'HS256',
      '---- BEGIN SSH2 PUBLIC KEY ----\nAAAAC3NzaC1lZDI1NTE5AAAAIKV6\n---- END SSH2 PUBLIC KEY ----',
      'is an SSH2 public key',
    ],
    ['a JWK', 'HS256', JSON.stringify(p256.publicKey.export({ format: 'jwk' })), 'is a JWK'],
    [
      'a JWK Set',
      'HS256',
      `\n${JSON.stringify({ keys: [rsa.publicKey.export({ format: 'jwk' })] }, null, 2)}`,
      'is a JWK',
    ],
  ])('are refused with the remedy: %s for %s', (_what, algorithm, key, remedy) => {
    expect(() => load(algorithm, key)).toThrow(remedy);
    expect(() => load(algorithm, key)).toThrow(/SIMPLE_JWT_SIGNING_KEY .* openssl /s);
    const body = key.split('\n').find((line) => line.length > 30) ?? SECRET;
    expect(() => load(algorithm, key)).not.toThrow(body);
  });

  it('name the setting that is wrong', () => {
    const signing = text(p256.privateKey);
    const other = text(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
    expect(() => load('ES256', signing, { verifyingKey: text(rsa.publicKey) })).toThrow(
      'SIMPLE_JWT_VERIFYING_KEY is an RSA key',
    );
    expect(() => load('ES256', signing, { verifyingKey: other })).toThrow(
      'SIMPLE_JWT_VERIFYING_KEY does not belong to SIMPLE_JWT_SIGNING_KEY',
    );
    expect(() => load('ES256', signing, { previousSigningKeys: [SECRET] })).toThrow(
      'SIMPLE_JWT_PREVIOUS_SIGNING_KEYS is not a public key in PEM',
    );
    expect(() => load('HS256', SECRET, { previousSigningKeys: [signing] })).toThrow(
      'SIMPLE_JWT_PREVIOUS_SIGNING_KEYS is a PEM key',
    );
    expect(() => load('HS256', SECRET, { previousSigningKeys: [OPEN_SSH] })).toThrow(
      'SIMPLE_JWT_PREVIOUS_SIGNING_KEYS is an OpenSSH public key',
    );
  });

  it.each([
    ['a public key', rsa.publicKey.export({ type: 'spki', format: 'der' })],
    ['a public key of RSA', rsa.publicKey.export({ type: 'pkcs1', format: 'der' })],
    ['a public key on a curve', p256.publicKey.export({ type: 'spki', format: 'der' })],
    ['a public key of Ed25519', ed25519.publicKey.export({ type: 'spki', format: 'der' })],
    ['a private key', p256.privateKey.export({ type: 'pkcs8', format: 'der' })],
    ['a private key of an elliptic curve', p256.privateKey.export({ type: 'sec1', format: 'der' })],
    ['a whole PEM', Buffer.from(text(rsa.publicKey))],
  ])('are refused as HMAC secrets without their PEM lines too: %s', (_what, bytes) => {
    const base64 = bytes.toString('base64');
    for (const key of [
      base64,
      base64.replaceAll(/.{64}/g, '$&\n'),
      ` ${base64}\n`,
      bytes.toString('base64url'),
      bytes.toString('hex'),
    ]) {
      for (const [name, given] of [
        ['SIMPLE_JWT_SIGNING_KEY', () => load('HS256', key)],
        [
          'SIMPLE_JWT_PREVIOUS_SIGNING_KEYS',
          () => load('HS256', SECRET, { previousSigningKeys: [key] }),
        ],
      ] as const) {
        expect(given).toThrow(`${name} is a key in Base64 without its PEM lines`);
        expect(given).not.toThrow(base64.slice(0, 40));
      }
    }
  });

  it('are not seen in random secrets, in any of their usual forms', () => {
    for (let round = 0; round < 200; round += 1) {
      // As a sequence of DER begins, so that the parsers are asked.
      const bytes = Buffer.concat([Buffer.from([0x30, 0x3e]), randomBytes(62)]);
      for (const form of ['base64', 'base64url', 'hex'] as const) {
        expect(() => load('HS512', bytes.toString(form))).not.toThrow();
      }
    }
  });

  it.each([
    '{"not": "a key, but a secret of more than 32 bytes"}',
    '{ a secret of more than 32 bytes in braces }',
    'ssh-ed25519 is mentioned in this secret of words',
    'AAAA at its start has this secret ssh-rsa AAAB',
  ])('are not seen in a secret that only looks a little like one: %s', (secret) => {
    expect(load('HS256', secret).signing.kid).toBeNull();
  });
});

describe('a host', () => {
  it.each<[Algorithm, string]>([
    ['HS256', 'openssl rand -base64 48'],
    ['ES256', 'openssl genpkey'],
  ])('that forgets the key is told so, with what to write: %s', (algorithm, command) => {
    expect(() => load(algorithm, '')).toThrow(
      /^signingKey is not set.* Example: AuthModule\.forRoot\(\{ signingKey: /,
    );
    expect(() => load(algorithm, '')).toThrow(command);
  });

  it('is told the names of its options', () => {
    const settings = { profile: 'secure', verifyingKey: '', previousSigningKeys: [] } as const;
    const asOptions = (algorithm: Algorithm, signingKey: string) => () =>
      loadConfiguredKeys({ ...settings, algorithm, signingKey }, (name) => name);
    expect(asOptions('HS256', 'short')).toThrow(/^signingKey is weak/);
    expect(asOptions('RS256', SECRET)).toThrow(/^signingKey is not .*, set algorithm to HS256/);
    expect(asOptions('RS256', text(p256.privateKey))).toThrow('Set algorithm to ES256');
  });
});

describe('configured keys', () => {
  it('verify with the own key first, then with the previous ones, of which none signs', () => {
    const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keys = load('ES256', text(signing.privateKey), {
      previousSigningKeys: [text(p256.privateKey), text(p256.publicKey)],
    });
    expect(keys.signing.verifying).toBe(keys.verifying[0]);
    expect(keys.verifying.map(({ key }) => key.type)).toEqual(['public', 'public', 'public']);
    expect(keys.verifying[0].key.equals(signing.publicKey)).toBe(true);
    expect(keys.verifying[1]?.key.equals(p256.publicKey)).toBe(true);
  });

  it('are named by their thumbprints, the two halves of one alike', () => {
    const keys = load('ES256', text(p256.privateKey), {
      previousSigningKeys: [text(p256.publicKey)],
    });
    const { kid } = keys.signing;
    expect(kid).toMatch(/^[\w-]{43}$/);
    expect(keys.verifying.map((key) => [key.kid, key.jwk?.kid])).toEqual([
      [kid, kid],
      [kid, kid],
    ]);
  });

  it('sign tokens without a name in the profile parity, and as a secret', () => {
    const parity = load('ES256', text(p256.privateKey), { profile: 'parity' });
    expect(parity.signing.kid).toBeNull();
    expect(parity.verifying[0].kid).toMatch(/^[\w-]{43}$/);
    const { signing, verifying } = load('HS256', SECRET);
    expect([signing.kid, verifying[0].kid, verifying[0].jwk]).toEqual([null, null, null]);
  });

  it('of RSA that are bound to PSS have no name, since they cannot be published', () => {
    const { privateKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
    const { signing, verifying } = load('PS256', text(privateKey));
    expect([signing.kid, verifying[0].kid]).toEqual([null, null]);
  });
});
