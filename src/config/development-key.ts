import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './config-error.js';
import type { Algorithm } from './simplejwt-settings.js';

/**
 * The signing key of a server that was given none: made at the first start and kept in `DATA_DIR`, readable by the
 * owner only (design §8). One for each family of algorithms, so that changing the algorithm does not spoil a key.
 *
 * @throws ConfigError when the folder cannot be written
 */
export function developmentKey(dataDir: string, algorithm: Algorithm): string {
  const file = join(dataDir, `signing-key-${familyOf(algorithm)}`);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    // `wx`: of two servers that start at once one writes and both read the same key.
    writeFileSync(file, newKey(algorithm), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new ConfigError([
        `DATA_DIR: the signing key cannot be kept in ${dataDir}. Name a folder that this user may write, or set SIMPLE_JWT_SIGNING_KEY.`,
      ]);
    }
  }
  return readFileSync(file, 'utf8').trim();
}

function familyOf(algorithm: Algorithm): string {
  if (algorithm.startsWith('HS')) return 'hmac';
  return algorithm.startsWith('ES') || algorithm === 'EdDSA' ? algorithm.toLowerCase() : 'rsa';
}

function newKey(algorithm: Algorithm): string {
  if (algorithm.startsWith('HS')) return randomBytes(48).toString('base64url');
  const pem = { type: 'pkcs8', format: 'pem' } as const;
  switch (algorithm) {
    case 'EdDSA':
      return generateKeyPairSync('ed25519').privateKey.export(pem) as string;
    case 'ES256':
    case 'ES384':
    case 'ES512': {
      const namedCurve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[algorithm];
      return generateKeyPairSync('ec', { namedCurve }).privateKey.export(pem) as string;
    }
    default:
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem) as string;
  }
}
