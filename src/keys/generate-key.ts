import { generateKeyPair, randomBytes, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConfigError } from '../config/config-error.js';
import {
  ALGORITHM_TABLE,
  isRingAlgorithm,
  type Algorithm,
  type RingAlgorithm,
} from './domain/algorithm.js';

/** As the table calls it: which options belong to which type is written there. */
const generate = promisify(generateKeyPair) as unknown as (
  type: string,
  options: object,
) => Promise<{ privateKey: KeyObject }>;

/** Makes a new private key that is fit for the algorithm; RSA takes up to some seconds, off the event loop. */
export async function generatePrivateKey(algorithm: RingAlgorithm): Promise<KeyObject> {
  const row = ALGORITHM_TABLE[algorithm].generate;
  if (row === null) throw new TypeError(`${algorithm} has no private key`);
  return (await generate(...row)).privateKey;
}

/**
 * The signing key of a server that was given none: made at the first start and kept in `DATA_DIR`, readable by the
 * owner only (design §8). One for each family of algorithms, so that changing the algorithm does not spoil a key.
 *
 * @throws ConfigError when the folder cannot be written
 */
export async function developmentKey(dataDir: string, algorithm: Algorithm): Promise<string> {
  const file = join(dataDir, `signing-key-${familyOf(algorithm)}`);
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    // `wx`: of two servers that start at the same time one writes, and both read the same key.
    if (!existsSync(file)) {
      await writeFile(file, await newKey(algorithm), { flag: 'wx', mode: 0o600 });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new ConfigError([
        `DATA_DIR: the signing key cannot be kept in ${dataDir}. Name a folder that this user may write, or set SIMPLE_JWT_SIGNING_KEY.`,
      ]);
    }
  }
  return (await readFile(file, 'utf8')).trim();
}

function familyOf(algorithm: Algorithm): string {
  const { kty } = ALGORITHM_TABLE[algorithm];
  if (kty === null) return 'hmac';
  return kty === 'RSA' ? 'rsa' : algorithm.toLowerCase();
}

async function newKey(algorithm: Algorithm): Promise<string> {
  if (!isRingAlgorithm(algorithm)) return randomBytes(48).toString('base64url');
  const key = await generatePrivateKey(algorithm);
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}
