import {
  createPrivateKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import { SignJWT, compactVerify, importJWK, jwtVerify } from 'jose';
import { fromOptions, resolveSettings } from '../../src/config/resolve-settings.js';
import { type SettingsInput } from '../../src/config/settings.js';
import { ALGORITHMS, type Algorithm } from '../../src/keys/domain/algorithm.js';
import { KeysService } from '../../src/keys/keys.service.js';
import type { KeyRing } from '../../src/keys/key-ring.js';
import type { SigningKey, VerifyingKey } from '../../src/keys/verifying-key.js';
import { TokenBackend } from '../../src/tokens/token-backend.js';
import { FakeClock } from '../support/fake-clock.js';

/** RFC 7515 Appendix A.1.1: the key, the token, and what it says. RFC 7519 §3.1 has the same one as its example. */
const RFC_7515_KEY = {
  kty: 'oct',
  k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
};
const RFC_7515_TOKEN =
  'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.' +
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.' +
  'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const RFC_7515_CLAIMS = { iss: 'joe', exp: 1_300_819_380, 'http://example.com/is_root': true };

/** RFC 8037 Appendix A.1 and A.4: an Ed25519 key, and a token that is signed text but no claims. */
const RFC_8037_KEY = {
  kty: 'OKP',
  crv: 'Ed25519',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
};
const RFC_8037_TOKEN =
  'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.' +
  'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg';

/** Keys that come as objects, since the RFC's secret is no text. */
class FixedKeys {
  readonly signingKey: SigningKey;

  constructor(algorithm: Algorithm, key: KeyObject) {
    const verifying: VerifyingKey = { source: 'settings', kid: null, algorithm, key };
    this.signingKey = { kid: null, algorithm, key, verifying };
  }

  find(): Promise<VerifyingKey[]> {
    return Promise.resolve([this.signingKey.verifying]);
  }

  vouchesFor(): boolean {
    return true;
  }
}

/** What a server without a key ring has. */
const NO_RING = { signingKey: null, isEmpty: true } as unknown as KeyRing;

function settingsOf(options: SettingsInput): ReturnType<typeof resolveSettings> {
  return resolveSettings(fromOptions({ profile: 'parity', ...options }));
}

function backend(options: SettingsInput): TokenBackend {
  const settings = settingsOf(options);
  const clock = new FakeClock();
  const keys = new KeysService(settings, clock, NO_RING);
  return new TokenBackend(new JwtService({}), keys, clock, settings);
}

/** A signing key for the settings, and the public part for the other library. */
function keysFor(algorithm: Algorithm): { signingKey: string; verifying: KeyObject } {
  if (algorithm.startsWith('HS')) {
    const signingKey = 'a secret that is long enough for every one of the HMAC sizes: 0123456789';
    return { signingKey, verifying: createSecretKey(Buffer.from(signingKey)) };
  }
  const namedCurve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[algorithm as string];
  const { privateKey, publicKey } =
    algorithm === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : namedCurve === undefined
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve });
  const signingKey = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  return { signingKey, verifying: publicKey };
}

describe('the token of RFC 7515 Appendix A.1 and RFC 7519 §3.1', () => {
  const clock = new FakeClock((RFC_7515_CLAIMS.exp - 1) * 1000);
  const secret = createSecretKey(Buffer.from(RFC_7515_KEY.k, 'base64url'));
  const keys = new FixedKeys('HS256', secret) as unknown as KeysService;

  it('is valid until its end and says what the RFC says', async () => {
    const tokens = new TokenBackend(new JwtService({}), keys, clock, settingsOf({ issuer: 'joe' }));
    await expect(tokens.decode(RFC_7515_TOKEN)).resolves.toEqual(RFC_7515_CLAIMS);
    clock.advance(1);
    await expect(tokens.decode(RFC_7515_TOKEN)).rejects.toThrow('Token is expired');
  });

  it('is refused with any other signature', async () => {
    clock.advance(-1);
    const tokens = new TokenBackend(new JwtService({}), keys, clock, settingsOf({}));
    await expect(tokens.decode(RFC_7515_TOKEN.replace(/.dB/, '.eB'))).rejects.toThrow('invalid');
  });
});

describe('a token that was signed here', () => {
  it('says what was signed, whatever becomes of the object that it was signed from', async () => {
    const tokens = backend({ signingKey: 'a secret that is long enough: 0123456789abcdef' });
    const claims: Record<string, unknown> = { sub: '1' };
    const token = tokens.encode(claims);
    claims['role'] = 'admin';
    await expect(tokens.decode(token)).resolves.toEqual({ sub: '1' });
    expect(tokens.recall(token)).toEqual({ sub: '1' });
  });
});

describe('the key of RFC 8037 Appendix A', () => {
  const signingKey = createPrivateKey({ key: RFC_8037_KEY, format: 'jwk' });
  const pem = signingKey.export({ type: 'pkcs8', format: 'pem' }) as string;

  it('signs tokens that another library verifies with the public part of the RFC', async () => {
    const token = backend({ algorithm: 'EdDSA', signingKey: pem }).encode({ sub: '1' });
    const { d: _private, ...jwk } = RFC_8037_KEY;
    const verified = await jwtVerify(token, await importJWK(jwk, 'EdDSA'));
    expect(verified.payload).toEqual({ sub: '1' });
  });

  it('has signed the example of A.4, which is refused because it holds no claims', async () => {
    const { d: _private, ...jwk } = RFC_8037_KEY;
    const verified = await compactVerify(RFC_8037_TOKEN, await importJWK(jwk, 'EdDSA'));
    expect(Buffer.from(verified.payload).toString()).toBe('Example of Ed25519 signing');
    const tokens = backend({ algorithm: 'EdDSA', signingKey: pem });
    await expect(tokens.decode(RFC_8037_TOKEN)).rejects.toThrow('Token is invalid');
  });
});

describe.each(ALGORITHMS)('tokens signed with %s', (algorithm) => {
  const { signingKey, verifying } = keysFor(algorithm);
  const options = { algorithm, signingKey, audience: ['one', 'two'], issuer: 'the issuer' };
  const expected = { audience: 'two', issuer: 'the issuer', algorithms: [algorithm] };

  it('are verified by another library', async () => {
    const claims = { exp: Math.floor(Date.now() / 1000) + 60, user_id: '1', name: 'Zoë' };
    const token = backend(options).encode(claims);
    const { payload, protectedHeader } = await jwtVerify(token, verifying, expected);
    expect(protectedHeader).toEqual({ alg: algorithm, typ: 'JWT' });
    expect(payload).toEqual({ ...claims, aud: ['one', 'two'], iss: 'the issuer' });
  });

  it('of another library are accepted, and refused when a bit of the signature is wrong', async () => {
    const signing = algorithm.startsWith('HS') ? verifying : createPrivateKey(signingKey);
    const token = await new SignJWT({ user_id: '1' })
      .setProtectedHeader({ alg: algorithm })
      .setAudience('one')
      .setIssuer('the issuer')
      .setExpirationTime('1m')
      .sign(signing);
    await expect(backend(options).decode(token)).resolves.toMatchObject({ user_id: '1' });
    const start = token.lastIndexOf('.') + 1;
    const signature = Buffer.from(token.slice(start), 'base64url');
    signature.writeUInt8(signature.readUInt8(4) ^ 1, 4);
    const wrong = token.slice(0, start) + signature.toString('base64url');
    await expect(backend(options).decode(wrong)).rejects.toThrow('Token is invalid');
  });
});
