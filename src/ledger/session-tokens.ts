import { Injectable } from '@nestjs/common';
import { AuthSettings } from '../config/auth-settings.js';
import type { Claims } from '../tokens/domain/compact.js';
import { TokensService } from '../tokens/tokens.service.js';
import { GENERATION_CLAIM, SESSION_CLAIM, refreshTokenId } from './domain/session-claims.js';
import type { IssuedToken } from './refresh-token-ledger.js';
import type { CurrentToken, SessionRow } from './session-row.js';

/** Makes the tokens of sessions. Every node computes the same one from the row: nothing of it is stored (design §3). */
@Injectable()
export class SessionTokens {
  constructor(
    private readonly settings: AuthSettings,
    private readonly tokens: TokensService,
  ) {}

  /** @param base - claims that the token carries on */
  refresh(base: Claims, sid: string, row: CurrentToken): IssuedToken {
    return this.signed({
      ...base,
      ...this.tokens.idClaim(refreshTokenId(sid, row.generation)),
      exp: Math.floor(row.expires_at),
      iat: Math.floor(row.rotated_at),
      [SESSION_CLAIM]: sid,
      [GENERATION_CLAIM]: row.generation,
    });
  }

  sliding(base: Claims, sid: string, row: SessionRow): IssuedToken {
    const { slidingTokenRefreshExpClaim: end } = this.settings;
    const last = row.ends_at === null ? Infinity : Math.floor(row.ends_at);
    return this.signed({
      ...base,
      exp: Math.min(Number(base['exp']), last),
      [end]: Math.min(Number(base[end]), last),
      [SESSION_CLAIM]: sid,
    });
  }

  private signed(claims: Claims): IssuedToken {
    return { claims, token: this.tokens.sign(claims) };
  }
}
