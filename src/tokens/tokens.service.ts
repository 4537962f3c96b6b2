import { createHash, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { InvalidTokenError } from '../common/errors.js';
import { AuthSettings } from '../config/auth-settings.js';
import { hasPassed, isInstant } from './domain/claims.js';
import type { Claims } from './domain/compact.js';
import { tokenBoundClaims } from './domain/reserved-claims.js';
import {
  AccessToken,
  RefreshToken,
  SlidingToken,
  kindProblem,
  type TokenKind,
} from './domain/token-kind.js';
import { TokenBackend } from './token-backend.js';

/** An MD5 digest as SimpleJWT writes it (contract §12). */
const PASSWORD_DIGEST = /^[0-9A-F]{32}$/;

/** The parts of a user that go into a token. */
export interface TokenSubject {
  /** Value of the column that `USER_ID_FIELD` names. */
  readonly tokenId: string | number;
  /** The stored password text; its digest is written with `CHECK_REVOKE_TOKEN`. */
  readonly password: string;
  /** Claims that the host adds at log-in. */
  readonly claims?: Claims;
}

/**
 * Makes and judges the claims of every kind of token, as SimpleJWT's token classes do (contract §6, §12).
 *
 * @publicApi
 */
@Injectable()
export class TokensService {
  private readonly tokenBound: ReadonlySet<string | null>;

  constructor(
    private readonly settings: AuthSettings,
    private readonly backend: TokenBackend,
    private readonly clock: Clock,
  ) {
    this.tokenBound = tokenBoundClaims(settings);
  }

  /** Signs claims. */
  sign(claims: Claims): string {
    return this.backend.encode(claims);
  }

  /**
   * Steps 1–6 of contract §6.
   *
   * @throws InvalidTokenError `token_not_valid`
   */
  decode(token: string): Promise<Claims> {
    return this.backend.decode(token);
  }

  /** As `decode`; null for a token that is not good. */
  async findClaims(token: string): Promise<Claims | null> {
    try {
      return await this.decode(token);
    } catch (error) {
      if (error instanceof InvalidTokenError) return null;
      throw error;
    }
  }

  /** The claims of a token that was decoded before and is good now, without waiting; null for any other. */
  recall(token: string): Claims | null {
    return this.backend.recall(token);
  }

  /** Steps 8–10 of contract §6: the message, or null when the claims are a token of that kind. */
  kindProblem(claims: Claims, kind: TokenKind): string | null {
    return kindProblem(claims, kind, this.settings);
  }

  /** Claims of a new refresh token. */
  refreshClaims(subject: TokenSubject, now: number): Claims {
    const { settings } = this;
    return {
      ...this.head(RefreshToken, now, settings.refreshTokenLifetime),
      ...this.userClaims(subject),
    };
  }

  /** Claims of a new sliding token. */
  slidingClaims(subject: TokenSubject, now: number): Claims {
    const { settings } = this;
    return {
      ...this.head(SlidingToken, now, settings.slidingTokenLifetime),
      [settings.slidingTokenRefreshExpClaim]: now + settings.slidingTokenRefreshLifetime,
      ...this.userClaims(subject),
    };
  }

  /**
   * Claims of an access token made from a refresh token: all of its claims but those that name the token itself
   * (contract §7).
   */
  accessClaims(refresh: Claims, now: number): Claims {
    const claims: Record<string, unknown> = this.head(
      AccessToken,
      now,
      this.settings.accessTokenLifetime,
    );
    for (const name of Object.keys(refresh)) {
      // An assignment to this name would set the prototype instead.
      if (!this.tokenBound.has(name) && name !== '__proto__') claims[name] = refresh[name];
    }
    return claims;
  }

  /** Claims of the refresh token that replaces another one: a new id, end and time of issue (contract §7). */
  rotatedClaims(refresh: Claims, now: number): Claims {
    const { jtiClaim, refreshTokenLifetime } = this.settings;
    return {
      ...refresh,
      ...(jtiClaim === null ? {} : { [jtiClaim]: newTokenId() }),
      exp: now + refreshTokenLifetime,
      iat: now,
    };
  }

  /**
   * Claims of an extended sliding token: the same id and refresh end (contract §10).
   *
   * @throws InvalidTokenError `token_not_valid` when the refresh end is absent, unreadable or over
   */
  extendedClaims(sliding: Claims, now: number): Claims {
    const problem = this.refreshEndProblem(sliding, now);
    if (problem !== null) throw problem;
    return { ...sliding, exp: now + this.settings.slidingTokenLifetime, iat: now };
  }

  /** Why the refresh end of a sliding token allows no more time (contract §10), or null when it does. */
  refreshEndProblem(sliding: Claims, now: number): InvalidTokenError | null {
    const { slidingTokenRefreshExpClaim: name, leeway } = this.settings;
    const end = sliding[name];
    if (end === undefined) return new InvalidTokenError(`Token has no '${name}' claim`);
    if (!isInstant(end)) return new InvalidTokenError('Token is invalid', { reason: 'claims' });
    return hasPassed(end, now, leeway)
      ? new InvalidTokenError(`Token '${name}' claim has expired`, { reason: 'expired' })
      : null;
  }

  /** The token's id, where it has one. */
  idOf(claims: Claims): string | null {
    const { jtiClaim } = this.settings;
    const id = jtiClaim === null ? undefined : claims[jtiClaim];
    return typeof id === 'string' ? id : null;
  }

  /** The id claim with this value, under its configured name. */
  idClaim(id: string): Claims {
    const { jtiClaim } = this.settings;
    return jtiClaim === null ? {} : { [jtiClaim]: id };
  }

  /** The value of the type claim, where there is one. */
  typeOf(claims: Claims): unknown {
    const { tokenTypeClaim } = this.settings;
    return tokenTypeClaim === null ? undefined : claims[tokenTypeClaim];
  }

  /** The user id claim as it stands in the token, undefined when it is absent. */
  userIdOf(claims: Claims): unknown {
    return claims[this.settings.userIdClaim];
  }

  /** The digest that the user's password must have: null without `CHECK_REVOKE_TOKEN`, empty when it is absent. */
  passwordDigestOf(claims: Claims): string | null {
    const { checkRevokeToken, revokeTokenClaim } = this.settings;
    if (!checkRevokeToken) return null;
    const digest = claims[revokeTokenClaim];
    return typeof digest === 'string' && PASSWORD_DIGEST.test(digest) ? digest : '';
  }

  /** Whether the token carries the digest of this stored password; always true without `CHECK_REVOKE_TOKEN`. */
  passwordIsCurrent(claims: Claims, password: string): boolean {
    const { checkRevokeToken, revokeTokenClaim } = this.settings;
    return !checkRevokeToken || claims[revokeTokenClaim] === passwordDigest(password);
  }

  /** Whole seconds since the epoch. */
  now(): number {
    return this.clock.seconds();
  }

  private head(kind: TokenKind, now: number, lifetime: number): Record<string, unknown> {
    const { tokenTypeClaim, jtiClaim } = this.settings;
    const claims: Record<string, unknown> = {};
    if (tokenTypeClaim !== null) claims[tokenTypeClaim] = kind.type;
    claims['exp'] = now + Math.floor(lifetime);
    claims['iat'] = now;
    if (jtiClaim !== null) claims[jtiClaim] = newTokenId();
    return claims;
  }

  private userClaims(subject: TokenSubject): Claims {
    const { userIdClaim, checkRevokeToken, revokeTokenClaim } = this.settings;
    return {
      [userIdClaim]: String(subject.tokenId),
      ...(checkRevokeToken ? { [revokeTokenClaim]: passwordDigest(subject.password) } : {}),
      ...subject.claims,
    };
  }
}

/** 32 lower-case hex digits of a UUID v4 (contract §12). */
function newTokenId(): string {
  return randomUUID().replaceAll('-', '');
}

/** MD5 of the stored password text, upper-case hex: the wire format that SimpleJWT fixed (contract §12). */
function passwordDigest(password: string): string {
  return createHash('md5').update(password).digest('hex').toUpperCase();
}
