import { JwtService } from '@nestjs/jwt';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { InvalidTokenError } from '../common/errors.js';
import { AuthSettings } from '../config/auth-settings.js';
import { KeysService } from '../keys/keys.service.js';
import { checkClaims, type ClaimRules } from './domain/claims.js';
import { parseCompact, type Claims } from './domain/compact.js';
import type { FixedClaim } from './domain/reserved-claims.js';
import { Jws } from './jws.js';
import { VerifiedTokens } from './verified-tokens.js';

/** Seconds that the clock of the machine that set `iat` may be ahead of ours (design §3). */
const CLOCK_SKEW = 5;

/**
 * Signs claims and verifies tokens, mirroring SimpleJWT's `TokenBackend`. The algorithm is that of the key and is
 * compared before any key is touched; parsing is strict (RFC 7515, RFC 8725).
 *
 * @publicApi
 */
@Injectable()
export class TokenBackend {
  private readonly jws: Jws;
  private readonly rules: ClaimRules;
  private readonly everyToken: Claims;
  private readonly verified = new VerifiedTokens();

  constructor(
    jwt: JwtService,
    private readonly keys: KeysService,
    private readonly clock: Clock,
    settings: AuthSettings,
  ) {
    this.jws = new Jws(jwt);
    this.everyToken = claimsOfEveryToken(settings);
    const { leeway, audience, issuer, jtiClaim } = settings;
    this.rules = {
      leeway,
      audience,
      issuer,
      jtiClaim,
      issuedAhead: settings.ledger === 'sessions' ? CLOCK_SKEW : 0,
    };
  }

  /** The signed token of these claims and of those that every token has. */
  encode(claims: Claims): string {
    const payload = { ...claims, ...this.everyToken };
    const key = this.keys.signingKey;
    const token = this.jws.sign(payload, key);
    // The token will come back soon, and its signature is known to be good.
    this.verified.remember(token, { claims: payload, key: key.verifying });
    return token;
  }

  /**
   * The claims of a token whose signature and registered claims are good (contract §6, steps 1–6).
   *
   * @throws InvalidTokenError `token_not_valid`: `Token is invalid` or `Token is expired`
   * @throws UnavailableError when the key must come from a JWK Set that cannot be fetched
   */
  async decode(token: string): Promise<Claims> {
    const claims = this.findVerified(token) ?? (await this.verifySignature(token));
    const verdict = checkClaims(claims, this.rules, this.clock.now() / 1000);
    if (verdict === 'expired')
      throw new InvalidTokenError('Token is expired', { reason: 'expired' });
    if (verdict === 'invalid') throw invalid('claims');
    return claims;
  }

  /** The claims of a token that was verified before and is good now; null for any other, which `decode` judges. */
  recall(token: string): Claims | null {
    const claims = this.findVerified(token);
    if (claims === null) return null;
    return checkClaims(claims, this.rules, this.clock.now() / 1000) === 'valid' ? claims : null;
  }

  /** The claims of a token that was verified before with a key that still verifies. */
  private findVerified(token: string): Claims | null {
    const verified = this.verified.find(token);
    return verified !== undefined && this.keys.vouchesFor(verified.key) ? verified.claims : null;
  }

  private async verifySignature(token: string): Promise<Claims> {
    const compact = parseCompact(token);
    if (compact === null) throw invalid('malformed');
    const { header, claims } = compact;
    const keys = await this.keys.find(header);
    if (typeof keys === 'string') throw invalid(keys);
    const key = keys.find((one) => this.jws.isSignedBy(token, one));
    if (key === undefined) throw invalid('signature');
    if (this.keys.vouchesFor(key)) this.verified.remember(token, { claims, key });
    return claims;
  }
}

/**
 * The claims of every token, `aud` and `iss` from the settings (contract §12). A further one belongs here and into the
 * table of reserved claims: claims that are added where a token is first made do not reach the refresh tokens of sessions
 * that are open already, which carry on the claims of the token before.
 */
function claimsOfEveryToken({
  audience,
  issuer,
}: AuthSettings): Readonly<Partial<Record<FixedClaim, unknown>>> {
  return {
    ...(audience === null ? {} : { aud: audience }),
    ...(issuer === null ? {} : { iss: issuer }),
  };
}

function invalid(reason: string): InvalidTokenError {
  return new InvalidTokenError('Token is invalid', { reason });
}
