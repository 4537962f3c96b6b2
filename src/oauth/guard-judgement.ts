import { Injectable } from '@nestjs/common';
import { JwtAuthentication } from '../authentication/jwt-authentication.js';
import { AuthError } from '../common/errors.js';
import type { SessionContext } from '../ledger/session-cache.js';
import type { Claims } from '../tokens/domain/compact.js';

/** What the guard would say of a token that somebody else was shown: the same rules, and from the same memory. */
@Injectable()
export class GuardJudgement extends JwtAuthentication {
  /** The session and user that verified claims stand for; null when the guard would refuse them. */
  async findLive(claims: Claims): Promise<SessionContext | null> {
    try {
      return await this.factsOf(claims);
    } catch (error) {
      // Any other status is a fault of ours, and says nothing about the token.
      if (error instanceof AuthError && error.getStatus() === 401) return null;
      throw error;
    }
  }
}
