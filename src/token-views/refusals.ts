import { AuthError, InvalidTokenError, withMembers } from '../common/errors.js';
import type { Refusal } from '../ledger/refresh-token-ledger.js';

interface ReasonText {
  readonly meaning: string;
  readonly remedy: string;
}

/** What a refused refresh says in the profile `secure` (design §3), in the order of `docs/errors.md`. */
export const PUBLIC_REASONS = {
  stale: {
    meaning:
      'The token is an old one; the session lives. A request came late, or another tab was faster.',
    remedy:
      'Do not log out: read your store again, and refresh with the newer token. With the cookie: call once more.',
  },
  reused: {
    meaning:
      'The token was used before, and comes from another client. It may have been stolen, so the session has ended.',
    remedy: 'Log in.',
  },
  session_ended: {
    meaning:
      'The session had ended: by log-out, a changed password, the user, staff, a deactivation, `SESSIONS_PER_USER`, or a spent token that came back.',
    remedy: 'Log in.',
  },
  user_inactive: {
    meaning: 'The user is deactivated or deleted, or may not have tokens by a rule of the host.',
    remedy:
      'Say so. Where the sessions were let rest (`?keep_sessions=true`), an activated user goes on with the same token.',
  },
  password_changed: {
    meaning: 'The token has the digest of another password (`CHECK_REVOKE_TOKEN`).',
    remedy: 'Log in.',
  },
  expired: { meaning: 'The token was not used in time.', remedy: 'Log in.' },
  invalid: {
    meaning:
      'Anything else: damaged, of another server, no refresh token, or one that its session cannot have given.',
    remedy: 'Log in.',
  },
} as const satisfies Readonly<Record<string, ReasonText>>;

type PublicReason = keyof typeof PUBLIC_REASONS;

/** How a refusal of the ledger reads on the wire (contract §7), and the reason that clients are told. */
interface Answer {
  readonly reason: PublicReason;
  readonly error: (refusal: Refusal) => AuthError;
}

const blacklisted = (reason: Refusal): AuthError =>
  new InvalidTokenError('Token is blacklisted', { reason });

const ANSWERS: Readonly<Record<Refusal, Answer>> = {
  invalid: {
    reason: 'invalid',
    error: () => new InvalidTokenError('Token is invalid', { reason: 'session' }),
  },
  blacklisted: { reason: 'session_ended', error: blacklisted },
  session_ended: { reason: 'session_ended', error: blacklisted },
  stale: { reason: 'stale', error: blacklisted },
  reused: { reason: 'reused', error: blacklisted },
  no_account: {
    reason: 'user_inactive',
    error: (reason) =>
      new AuthError('no_active_account', {
        detail: 'No active account found for the given token.',
        reason,
      }),
  },
  password_changed: {
    reason: 'password_changed',
    error: () => new AuthError('password_changed', { bare: true }),
  },
};

/** The error of a refusal of the ledger. */
export function refusalError(refusal: Refusal): AuthError {
  return ANSWERS[refusal].error(refusal);
}

/** The error with the reason that tells a client whether its session lives. */
export function withPublicReason(error: AuthError): AuthError {
  return withMembers(error, { reason: publicReasonOf(error.reason) });
}

/** @param reason - of the log, which is finer: most of what can be wrong with a token is `invalid` to its client */
function publicReasonOf(reason: string): PublicReason {
  if (Object.hasOwn(ANSWERS, reason)) return ANSWERS[reason as Refusal].reason;
  return reason === 'expired' ? reason : 'invalid';
}
