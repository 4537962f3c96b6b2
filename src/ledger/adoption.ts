import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../common/request-context.js';
import type { Claims } from '../tokens/domain/compact.js';
import { tokenUser } from '../tokens/domain/user-id.js';
import { TokensService } from '../tokens/tokens.service.js';
import { UserStore } from '../users/user-store.js';
import { SessionRepository, type ForeignToken } from './session-repository.js';

/** Makes sessions of refresh tokens that another issuer, such as a Django server, has signed (design §3, adoption). */
@Injectable()
export class Adoption {
  constructor(
    private readonly rows: SessionRepository,
    private readonly tokens: TokensService,
    private readonly users: UserStore,
  ) {}

  /** Whether a Django server beside this one has blacklisted its own token. */
  isBlacklisted(claims: Claims): Promise<boolean> {
    return this.rows.isBlacklisted(this.tokens.idOf(claims) ?? '');
  }

  /**
   * Makes the token's session, unless it is there. Idempotent.
   *
   * @returns false when there is no such user
   */
  async adopt(sid: string, claims: Claims, context: RequestContext): Promise<boolean> {
    const userId = await this.ownerOf(claims);
    if (userId === null) return false;
    await this.rows.adopt(
      sid,
      { ...this.foreignToken(claims), userId, endedBecause: null },
      context,
    );
    return true;
  }

  /**
   * Makes the session as one that has ended.
   *
   * @returns whether it was this call that ended it
   */
  async end(sid: string, claims: Claims, reason: string): Promise<boolean> {
    const userId = await this.ownerOf(claims);
    const dead = { ...this.foreignToken(claims), userId, endedBecause: reason };
    if (await this.rows.adopt(sid, dead, { ip: null, userAgent: null })) return true;
    // A refresh may have adopted it in between.
    return this.rows.end(sid, reason);
  }

  private async ownerOf(claims: Claims): Promise<string | null> {
    const named = tokenUser(this.tokens.userIdOf(claims));
    const owner = named.kind === 'id' ? await this.users.findByTokenId(named.id) : null;
    return owner && String(owner.id);
  }

  private foreignToken(claims: Claims): Omit<ForeignToken, 'userId' | 'endedBecause'> {
    return {
      tokenId: this.tokens.idOf(claims) ?? '',
      issuedAt: typeof claims['iat'] === 'number' ? claims['iat'] : null,
      expiresAt: Number(claims['exp']),
    };
  }
}
