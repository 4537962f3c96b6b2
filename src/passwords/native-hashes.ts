import { ConfigError } from '../config/config-error.js';

/**
 * The hashes that `node:crypto` lacks, loaded when they are first needed: each is a part for this platform, which npm
 * leaves out where optional dependencies are left out.
 *
 * @throws ConfigError with what to install
 */
export const loadArgon2 = once('@node-rs/argon2', () => import('@node-rs/argon2'));

/** As `loadArgon2`. */
export const loadBcrypt = once('@node-rs/bcrypt', () => import('@node-rs/bcrypt'));

function once<T>(name: string, load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () =>
    (loading ??= load().catch((cause: unknown) => {
      throw missing(name, cause);
    }));
}

function missing(name: string, cause: unknown): ConfigError {
  const error = new ConfigError([
    `Password hashes need ${name} with its part for ${process.platform} on ${process.arch}, which cannot be loaded. Run: npm install --include=optional ${name}`,
  ]);
  error.cause = cause;
  return error;
}
