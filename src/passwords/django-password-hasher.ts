import { createHash, pbkdf2, randomInt, scrypt, timingSafeEqual } from 'node:crypto';
import type { ScryptOptions } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { Logger, type OnModuleInit } from '@nestjs/common';
import { UnavailableError } from '../common/errors.js';
import { Semaphore } from '../common/semaphore.js';
import { ConfigError } from '../config/config-error.js';
import { passwordDecoy } from './domain/password-decoy.js';
import {
  encodePassword,
  estimatedWork,
  isUpToDate,
  makeSalt,
  parseEncodedPassword,
  SALT_LENGTH,
} from './domain/password-format.js';
import type {
  Argon2Password,
  BcryptPassword,
  EncodedPassword,
  ReadablePassword,
  WritablePassword,
} from './domain/password-format.js';
import { loadArgon2, loadBcrypt } from './native-hashes.js';
import { PasswordHasher } from './password-hasher.js';
import type { CandidateCheck } from './password-hasher.js';

const pbkdf2Async = promisify(pbkdf2);
// Named parameters choose the overload with options, which `promisify` does not find by itself.
const scryptAsync = promisify<Buffer, string, number, ScryptOptions, Buffer>(scrypt);

/**
 * How new hashes are made and how many are computed at once.
 *
 * @publicApi
 */
export interface DjangoPasswordHasherOptions {
  /**
   * The format of new hashes: `argon2` is argon2id with 19 MiB and 2 passes (OWASP Password Storage Cheat
   * Sheet), `pbkdf2_sha256` has 1 000 000 iterations (Django 5.2) and costs over ten times as much.
   */
  preferred: 'argon2' | 'pbkdf2_sha256';
  /**
   * Hashes computed at the same time. Default: the machine's cores, but at most 3, since all run in libuv's
   * pool of 4 threads and one must stay free for files, name look-ups and other crypto. With a larger
   * `UV_THREADPOOL_SIZE` it may be larger, too.
   */
  parallel?: number;
}

/** Checks that may wait for their turn; the next one is answered 503. */
const LONGEST_QUEUE = 100;

const FILLER_SALT = '0'.repeat(SALT_LENGTH);

/** What a new hash looks like, whose salt and hash are still to be filled in. */
const TEMPLATES: Record<DjangoPasswordHasherOptions['preferred'], WritablePassword> = {
  argon2: {
    format: 'argon2',
    variant: 'argon2id',
    version: 19,
    memoryKib: 19_456,
    passes: 2,
    lanes: 1,
    salt: Buffer.from(FILLER_SALT),
    hash: Buffer.alloc(32),
  },
  pbkdf2_sha256: {
    format: 'pbkdf2_sha256',
    iterations: 1_000_000,
    salt: FILLER_SALT,
    hash: Buffer.alloc(32),
  },
};

/**
 * Reads every format of contract §15 and writes the preferred one; a match in any other format or with any
 * other parameters, higher ones too, asks for an upgrade, as Django's `must_update` does.
 *
 * A failed check of a cheaper stored hash is followed by as much of a preferred hash as is missing (Django's
 * `harden_runtime`). A stored hash that costs more than a new one is imitated for unknown users by a decoy of its kind.
 *
 * Passwords have no greatest length: each algorithm digests a long one once before the expensive part, which
 * adds some 3 ms for a megabyte. Only plain bcrypt ignores what follows byte 72, as Django's does.
 *
 * @publicApi
 */
export class DjangoPasswordHasher extends PasswordHasher implements OnModuleInit {
  readonly #logger = new Logger(DjangoPasswordHasher.name);
  readonly #preferred: WritablePassword;
  readonly #places: Semaphore;

  constructor(options: DjangoPasswordHasherOptions) {
    super();
    this.#preferred = TEMPLATES[options.preferred];
    this.#places = new Semaphore({
      parallel: options.parallel ?? Math.min(availableParallelism(), 3),
      waiting: LONGEST_QUEUE,
      fullReason: 'password_queue_full',
    });
  }

  /**
   * Finds out at start, and not at the first log-in, that new hashes cannot be made here.
   *
   * @throws ConfigError
   */
  async onModuleInit(): Promise<void> {
    if (this.#preferred.format === 'argon2') await loadArgon2();
  }

  override verifyAny(candidates: readonly string[], encoded: string): Promise<CandidateCheck> {
    const stored = parseEncodedPassword(encoded);
    return this.#places.run(() => this.#verifyInTurn(new Set(candidates), stored));
  }

  override hash(password: string): Promise<string> {
    const salt = makeSalt(randomInt);
    const fresh: WritablePassword =
      this.#preferred.format === 'argon2'
        ? { ...this.#preferred, salt: Buffer.from(salt) }
        : { ...this.#preferred, salt };
    return this.#places.run(async () => {
      const hash = await this.#derivePreferred(Buffer.from(password), fresh);
      return encodePassword({ ...fresh, hash });
    });
  }

  override decoyOf(encoded: string): string | null {
    return passwordDecoy(encoded);
  }

  async #verifyInTurn(
    candidates: ReadonlySet<string>,
    stored: EncodedPassword,
  ): Promise<CandidateCheck> {
    for (const candidate of candidates) {
      if (await this.#matches(Buffer.from(candidate), stored)) {
        const needsUpgrade = isReadable(stored) && !isUpToDate(stored, this.#preferred);
        return { matches: true, needsUpgrade, candidate };
      }
    }
    return { matches: false, needsUpgrade: false, candidate: null };
  }

  async #matches(password: Buffer, stored: EncodedPassword): Promise<boolean> {
    let work = 0;
    if (isReadable(stored)) {
      try {
        const hash = await derive(password, stored);
        if (hash.length === stored.hash.length && timingSafeEqual(hash, stored.hash)) return true;
        work = estimatedWork(stored);
      } catch (error) {
        // No fault of the password's, so that a refusal would be wrong.
        if (error instanceof ConfigError) {
          throw new UnavailableError('password_hash_missing', { cause: error });
        }
        // The row is at fault if a preferred hash still succeeds below; if that fails too, we are.
        this.#logger.warn(
          `a stored ${stored.format} password cannot be computed: ${String(error)}`,
        );
      }
    }
    await this.#makeUpFor(work, password);
    return false;
  }

  /** The time of a refusal must tell neither which names exist nor which users have an old hash (contract §5). */
  async #makeUpFor(work: number, password: Buffer): Promise<void> {
    const share = 1 - work / estimatedWork(this.#preferred);
    if (share > 0) await this.#derivePreferred(password, shareOf(this.#preferred, share));
  }

  async #derivePreferred(password: Buffer, parameters: WritablePassword): Promise<Buffer> {
    try {
      return await derive(password, parameters);
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      // The parameters are ours and good, so the machine has run out of something.
      throw new UnavailableError('password_hash_failed', { cause: error });
    }
  }
}

function isReadable(stored: EncodedPassword): stored is ReadablePassword {
  return stored.format !== 'unusable' && stored.format !== 'unreadable';
}

/** Parameters that cost the given share, above 0 and up to 1, of the preferred ones. */
function shareOf(preferred: WritablePassword, share: number): WritablePassword {
  return preferred.format === 'argon2'
    ? { ...preferred, memoryKib: Math.max(8, Math.round(preferred.memoryKib * share)) }
    : { ...preferred, iterations: Math.max(1, Math.round(preferred.iterations * share)) };
}

const BCRYPT_DIGITS = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const BASE64_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The library takes the salt as bytes and writes `$2b$`; `$2a$` and `$2y$` name the same algorithm. */
async function deriveBcrypt(password: Buffer, stored: BcryptPassword): Promise<Buffer> {
  const digits = stored.salt.slice('$2b$12$'.length);
  const base64 = digits.replaceAll(/./g, (digit) =>
    BASE64_DIGITS.charAt(BCRYPT_DIGITS.indexOf(digit)),
  );
  const { hash: hashBcrypt } = await loadBcrypt();
  const text = await hashBcrypt(password, stored.cost, Buffer.from(base64, 'base64'));
  return Buffer.from(stored.salt + text.slice(stored.salt.length));
}

/** What `stored.hash` would be if this were the password; the work is done off the event loop. */
async function derive(password: Buffer, stored: ReadablePassword): Promise<Buffer> {
  switch (stored.format) {
    case 'pbkdf2_sha256':
      return pbkdf2Async(password, stored.salt, stored.iterations, stored.hash.length, 'sha256');
    case 'pbkdf2_sha1':
      return pbkdf2Async(password, stored.salt, stored.iterations, stored.hash.length, 'sha1');
    case 'argon2':
      return deriveArgon2(password, stored);
    case 'bcrypt_sha256': {
      const digest = createHash('sha256').update(password).digest('hex');
      return deriveBcrypt(Buffer.from(digest), stored);
    }
    case 'bcrypt':
      return deriveBcrypt(password.subarray(0, 72), stored);
    default: {
      // scrypt; a new format would not type-check here
      const { cost, blockSize, parallelization, salt, hash } = stored;
      // OpenSSL wants 128·r·(N + p + 2) bytes and refuses when its default of 32 MiB is less.
      const maxmem = 128 * blockSize * (cost + parallelization + 3);
      const options = { cost, blockSize, parallelization, maxmem };
      return scryptAsync(password, salt, hash.length, options);
    }
  }
}

// The library's enums are `const` and ambient, which isolated modules cannot read.
const ARGON2_VARIANTS = { argon2d: 0, argon2i: 1, argon2id: 2 } as const;
const ARGON2_VERSIONS = { 16: 0, 19: 1 } as const;

/** The library's own `verify` is not used: it compares by itself and takes only texts. */
async function deriveArgon2(password: Buffer, stored: Argon2Password): Promise<Buffer> {
  const { hashRaw } = await loadArgon2();
  return hashRaw(password, {
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment
    algorithm: ARGON2_VARIANTS[stored.variant],
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment
    version: ARGON2_VERSIONS[stored.version],
    memoryCost: stored.memoryKib,
    timeCost: stored.passes,
    parallelism: stored.lanes,
    outputLen: stored.hash.length,
    salt: stored.salt,
  });
}
