import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';
import type { Claims } from '../tokens/domain/compact.js';
import { TokensService } from '../tokens/tokens.service.js';
import { UserAuthenticationRule } from '../users/user-authentication-rule.js';
import { UserStore, type AuthUser } from '../users/user-store.js';
import { networkOf } from './domain/network.js';
import { securityEventOf, type SecurityEvent } from './domain/security-event.js';
import { judgeRefresh, type Generations, type RefreshVerdict } from './domain/verdict.js';
import type { Refusal } from './refresh-token-ledger.js';
import { isLive, type SessionRow, type SessionWithUser } from './session-row.js';

/** Who presents a token, and whether a rule of the host refuses the user. */
export interface Bearer {
  readonly claims: Claims;
  /** The user id claim, as text. */
  readonly tokenId: string;
  readonly isRuledOut: boolean;
}

/** A refresh token that is presented by somebody, somewhere. */
export interface PresentedRefresh {
  readonly bearer: Bearer;
  readonly generation: number;
  readonly context: RequestContext;
}

/** What becomes of a presented refresh token. The first two write before they are answered. */
export type Judgement = (
  | { readonly what: 'advance'; readonly as: 'rotated' | 'recovered'; readonly next: Generations }
  | { readonly what: 'end'; readonly reason: 'reused' | 'invalid' | 'password_changed' }
  | { readonly what: 'repeat'; readonly session: SessionRow }
  | { readonly what: 'refuse'; readonly reason: Refusal }
) & {
  /** What the operator is to be told, and of which session. */
  readonly suspicion?: { readonly event: SecurityEvent; readonly session: SessionRow };
};

/** Judges refresh and sliding tokens by the row of their session and its user. It writes nothing. */
@Injectable()
export class RefreshPolicy {
  constructor(
    private readonly settings: AuthSettings,
    private readonly tokens: TokensService,
    private readonly users: UserStore,
    private readonly rule: UserAuthenticationRule,
  ) {}

  /**
   * Who presents these claims. A rule of the host cannot be asked by a statement, and must not be asked while a
   * transaction holds a connection (it may want one itself), so it is asked here, before.
   */
  async bearerOf(claims: Claims, tokenId: string): Promise<Bearer> {
    const isRuledOut =
      this.rule.isCustom && !(await this.rule.allows(await this.users.findByTokenId(tokenId)));
    return { claims, tokenId, isRuledOut };
  }

  /** @param session - as the database shows it, null when there is none */
  judge(session: SessionWithUser | null, presented: PresentedRefresh): Judgement {
    if (session?.revoke_reason === 'user_deleted') return { what: 'refuse', reason: 'no_account' };
    if (session === null || !isLive(session) || session.is_sliding) {
      return { what: 'refuse', reason: 'session_ended' };
    }
    const problem = this.userProblem(session.user, presented.bearer);
    if (problem === 'password_changed') return { what: 'end', reason: problem };
    if (problem !== null) return { what: 'refuse', reason: problem };
    return judgementOf(this.verdictOf(session, presented), session);
  }

  /** The order of contract §7: user, active, digest. The token must name the session's own user (design §3). */
  userProblem(user: AuthUser | null, { claims, tokenId, isRuledOut }: Bearer): Refusal | null {
    if (user !== null && String(user.tokenId) !== tokenId) return 'invalid';
    const { checkUserIsActive } = this.settings;
    const mayBeInactive = !checkUserIsActive || this.rule.isCustom;
    if (user === null || isRuledOut || !(user.isActive || mayBeInactive)) return 'no_account';
    return this.tokens.passwordIsCurrent(claims, user.password) ? null : 'password_changed';
  }

  private verdictOf(
    session: SessionRow,
    { generation, context }: PresentedRefresh,
  ): RefreshVerdict {
    const { settings } = this;
    return judgeRefresh(
      {
        session: {
          generation: session.generation,
          parentGeneration: session.parent_generation,
          supersededAt: session.superseded_at,
          hasRecoveredLate:
            session.recovered_parent !== null &&
            session.recovered_parent === session.parent_generation,
          revokedAt: null,
          lastClient: { userAgent: session.user_agent, network: networkOf(session.last_ip) },
        },
        generation,
        client: {
          userAgent: context.userAgent,
          network: context.isProxyAddress ? null : networkOf(context.ip),
        },
        now: session.now,
      },
      {
        gracePeriod: settings.rotationGracePeriod,
        recovery: settings.rotationRecovery,
        reuseEndsSession: settings.reuseEndsSession,
        rotate: settings.rotateRefreshTokens,
      },
    );
  }
}

function judgementOf(judged: RefreshVerdict, session: SessionRow): Judgement {
  const event = securityEventOf(judged);
  return { ...consequenceOf(judged, session), ...(event && { suspicion: { event, session } }) };
}

function consequenceOf(judged: RefreshVerdict, session: SessionRow): Judgement {
  switch (judged.verdict) {
    case 'rotated':
    case 'recovered':
      return { what: 'advance', as: judged.verdict, next: judged.next };
    case 'replayed':
      return { what: 'repeat', session };
    case 'reused':
    case 'invalid':
      return { what: 'end', reason: judged.verdict };
    case 'stale':
      return { what: 'refuse', reason: 'stale' };
    case 'ended':
      return { what: 'refuse', reason: 'session_ended' };
  }
}
