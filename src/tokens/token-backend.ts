import { JwtService } from '@nestjs/jwt';
import { Injectable } from '@nestjs/common';
import { sign, verify, type KeyObject } from 'node:crypto';
import { Clock } from '../common/clock.js';
import { InvalidTokenError } from '../common/errors.js';
import { AuthSettings } from '../config/auth-settings.js';
import { KeysService } from '../keys/keys.service.js';
import { checkClaims, type ClaimRules } from './domain/claims.js';
import { parseCompact, type Claims } from './domain/compact.js';
import { VerifiedTokens } from './verified-tokens.js';

/** Seconds that another machine's clock, which set `iat`, may be ahead of ours (design §3). */
const CLOCK_SKEW = 5;

/**
 * Signs claims and verifies tokens, mirroring SimpleJWT's `TokenBackend`. The algorithm is the configured one and is
 * compared before any key is touched; parsing is strict (RFC 7515, RFC 8725).
 *
 * @publicApi
 */
@Injectable()
export class TokenBackend {
  private readonly rules: ClaimRules;
  private readonly verified = new VerifiedTokens();

  constructor(
    private readonly jwt: JwtService,
    private readonly keys: KeysService,
    private readonly clock: Clock,
    settings: AuthSettings,
  ) {
    const { leeway, audience, issuer, jtiClaim } = settings;
    this.rules = {
      leeway,
      audience,
      issuer,
      jtiClaim,
      issuedAhead: settings.ledger === 'sessions' ? CLOCK_SKEW : 0,
    };
  }

  /** The signed token of these claims, with `aud` and `iss` from the settings (contract §12). */
  encode(claims: Claims): string {
    const payload: Record<string, unknown> = {
      ...claims,
      ...(this.rules.audience === null ? {} : { aud: this.rules.audience }),
      ...(this.rules.issuer === null ? {} : { iss: this.rules.issuer }),
    };
    const token = this.sign(payload);
    // It will come back soon, and its signature is known to be good.
    this.verified.remember(token, payload);
    return token;
  }

  private sign(payload: Record<string, unknown>): string {
    const key = this.keys.signingKey;
    if (this.keys.algorithm === 'EdDSA') return signEdDsa(payload, key);
    return this.jwt.sign(payload, {
      algorithm: this.keys.algorithm,
      privateKey: key,
      // jsonwebtoken would add an `iat` of its own clock; with one given, this option would delete it.
      ...(payload['iat'] === undefined ? { noTimestamp: true } : {}),
    });
  }

  /**
   * The claims of a token whose signature and registered claims are good (contract §6, steps 1–6).
   *
   * @throws InvalidTokenError `token_not_valid`: `Token is invalid` or `Token is expired`
   * @throws UnavailableError when the key must come from a JWK Set that cannot be fetched
   */
  async decode(token: string): Promise<Claims> {
    const claims = this.verified.find(token) ?? (await this.verifySignature(token));
    const verdict = checkClaims(claims, this.rules, this.clock.now() / 1000);
    if (verdict === 'expired')
      throw new InvalidTokenError('Token is expired', { reason: 'expired' });
    if (verdict === 'invalid') throw invalid('claims');
    return claims;
  }

  /** The claims of a token that was verified before and is good now; null for any other, which `decode` judges. */
  recall(token: string): Claims | null {
    const claims = this.verified.find(token);
    if (claims === null) return null;
    return checkClaims(claims, this.rules, this.clock.now() / 1000) === 'valid' ? claims : null;
  }

  private async verifySignature(token: string): Promise<Claims> {
    const compact = parseCompact(token);
    if (compact === null) throw invalid('malformed');
    const { header, claims } = compact;
    if (header.alg !== this.keys.algorithm) throw invalid('algorithm');
    const key = await this.keys.findVerifyingKey(header.kid);
    if (key === null) throw invalid('unknown_key');
    if (!this.isSignedBy(token, key)) throw invalid('signature');
    if (this.keys.isOwn(header.kid)) this.verified.remember(token, claims);
    return claims;
  }

  private isSignedBy(token: string, key: KeyObject): boolean {
    const { algorithm } = this.keys;
    try {
      if (algorithm === 'EdDSA') return verifyEdDsa(token, key);
      this.jwt.verify(token, {
        algorithms: [algorithm],
        // The type knows texts and buffers only; a ready KeyObject is what spares the parsing (jsonwebtoken takes it).
        publicKey: key as unknown as Buffer,
        ignoreExpiration: true,
        ignoreNotBefore: true,
      });
      return true;
    } catch {
      return false;
    }
  }
}

function invalid(reason: string): InvalidTokenError {
  return new InvalidTokenError('Token is invalid', { reason });
}

// jsonwebtoken, which JwtService wraps, does not know EdDSA (RFC 8037 §3.1).
function signEdDsa(claims: Claims, key: KeyObject): string {
  const input = [{ alg: 'EdDSA', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`;
}

function verifyEdDsa(token: string, key: KeyObject): boolean {
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  return verify(null, Buffer.from(token.slice(0, end)), key, signature);
}
