import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { inflateSync } from 'node:zlib';

/** Django's salt of stored sessions. */
const SALT = 'django.contrib.sessions.SessionStoresigner';
/** Django's salt of the digest that ties a session to a password. */
const AUTH_HASH_SALT = 'django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash';
/** Bytes that session data may have after inflating. */
const MAX_BYTES = 65_536;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** What a session says of its user. */
export interface SessionUser {
  readonly userId: string;
  /** Digest of the stored password at log-in. */
  readonly authHash: string;
}

/**
 * Reads the user from a stored session (`django.core.signing`: data, time stamp and HMAC-SHA-256 joined by colons),
 * or null when the signature is not ours or nobody is logged in.
 */
export function readSession(data: string, secret: string): SessionUser | null {
  const end = data.lastIndexOf(':');
  if (end < 0 || !equal(data.slice(end + 1), signature(data.slice(0, end), secret))) return null;
  const encoded = data.slice(0, data.indexOf(':'));
  try {
    const bytes = encoded.startsWith('.')
      ? inflateSync(Buffer.from(encoded.slice(1), 'base64url'), { maxOutputLength: MAX_BYTES })
      : Buffer.from(encoded, 'base64url');
    const session = JSON.parse(bytes.toString('latin1')) as Record<string, unknown>;
    const { _auth_user_id: userId, _auth_user_hash: authHash } = session;
    return typeof userId === 'string' && typeof authHash === 'string' ? { userId, authHash } : null;
  } catch {
    return null;
  }
}

/**
 * The stored form of a session that a Django server with the same secret can read.
 *
 * @param now - seconds since the epoch
 */
export function writeSession(user: SessionUser, secret: string, now: number): string {
  const session = {
    _auth_user_id: user.userId,
    _auth_user_backend: 'django.contrib.auth.backends.ModelBackend',
    _auth_user_hash: user.authHash,
  };
  const value = `${Buffer.from(JSON.stringify(session), 'latin1').toString('base64url')}:${base62(now)}`;
  return `${value}:${signature(value, secret)}`;
}

/** The digest that a session of this user must carry: another password ends the session. */
export function sessionAuthHash(password: string, secret: string): string {
  return saltedHmac(AUTH_HASH_SALT, password, secret).toString('hex');
}

/** Whether the session was made with this stored password. */
export function authHashFits(user: SessionUser, password: string, secret: string): boolean {
  return equal(user.authHash, sessionAuthHash(password, secret));
}

function signature(value: string, secret: string): string {
  return saltedHmac(SALT, value, secret).toString('base64url');
}

/** Django's `salted_hmac` with SHA-256. */
function saltedHmac(salt: string, value: string, secret: string): Buffer {
  const key = createHash('sha256').update(salt).update(secret).digest();
  return createHmac('sha256', key).update(value).digest();
}

function equal(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function base62(value: number): string {
  let text = '';
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62))
    text = (BASE62[rest % 62] ?? '') + text;
  return text;
}
