import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';
import { sessionsEnded, type Cause, type SecurityEvent } from '../events/domain/security-event.js';
import type { Claims } from '../tokens/domain/compact.js';
import { TokensService } from '../tokens/tokens.service.js';
import { UserAuthenticationRule } from '../users/user-authentication-rule.js';
import { UserStore, type AuthUser } from '../users/user-store.js';
import { networkOf } from './domain/network.js';
import { refreshEventOf } from './domain/refresh-event.js';
import { endsSession, judgeRefresh, type RefreshVerdict } from './domain/verdict.js';
import { isLive, sidOf, type SessionRow, type SessionWithUser } from './session-row.js';

/** Who presents a refresh or sliding token, and whether a rule of the host refuses this user. */
export interface Presenter {
  readonly claims: Claims;
  /** The user id claim, as text. */
  readonly tokenId: string;
  readonly isRuledOut: boolean;
}

/** A refresh token that is presented, by whom and from where. */
export interface RefreshAttempt {
  readonly presenter: Presenter;
  readonly generation: number;
  readonly context: RequestContext;
}

/** Why the user of a token gets nothing. */
type UserProblem = 'invalid' | 'no_account' | 'password_changed';

/** What becomes of a presented refresh token. `next`, or the end of the session, is written before the answer. */
export type RefreshDecision = (
  RefreshVerdict | { readonly verdict: UserProblem | 'session_ended' }
) & {
  readonly endsSession?: boolean;
  /** What the operator is told. */
  readonly events?: readonly SecurityEvent[];
};

/** Decides about refresh and sliding tokens by the row of their session and its user. It writes nothing. */
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
   * transaction holds a connection, since the rule may want a connection too: so it is asked here, before.
   */
  async presenterOf(claims: Claims, tokenId: string): Promise<Presenter> {
    const isRuledOut =
      this.rule.isCustom && !(await this.rule.allows(await this.users.findByTokenId(tokenId)));
    return { claims, tokenId, isRuledOut };
  }

  /** @param session - as the database shows it, null when there is none */
  decide(session: SessionWithUser | null, attempt: RefreshAttempt): RefreshDecision {
    if (session?.revoke_reason === 'user_deleted') return { verdict: 'no_account' };
    if (session === null || !isLive(session) || session.is_sliding) {
      return { verdict: 'session_ended' };
    }
    const problem = this.userProblem(session.user, attempt.presenter);
    const sid = sidOf(session);
    const address = attempt.context.ip;
    if (problem === 'password_changed') {
      const cause: Cause = { actor: `session:${sid}`, address };
      return { verdict: problem, endsSession: true, events: sessionsEnded([sid], problem, cause) };
    }
    if (problem !== null) return { verdict: problem };
    const judged = this.judge(session, attempt);
    const event = refreshEventOf(judged, {
      sid,
      userId: session.user_id,
      generation: attempt.generation,
      current: session.generation,
      address,
      isPlaceKnown: networkOf(session.last_ip) !== null || bearerNetwork(attempt.context) !== null,
    });
    return {
      ...judged,
      endsSession: endsSession(judged),
      events: event ? [event] : [],
    };
  }

  /** The order of contract §7: user, active, digest. The token must name the session's own user (design §3). */
  userProblem(
    user: AuthUser | null,
    { claims, tokenId, isRuledOut }: Presenter,
  ): UserProblem | null {
    if (user !== null && String(user.tokenId) !== tokenId) return 'invalid';
    const { checkUserIsActive } = this.settings;
    const mayBeInactive = !checkUserIsActive || this.rule.isCustom;
    if (user === null || isRuledOut || !(user.isActive || mayBeInactive)) return 'no_account';
    return this.tokens.passwordIsCurrent(claims, user.password) ? null : 'password_changed';
  }

  private judge(session: SessionRow, { generation, context }: RefreshAttempt): RefreshVerdict {
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
          network: bearerNetwork(context),
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

/** Where the token came from; null behind a proxy that nobody has named. */
function bearerNetwork({ ip, isProxyAddress }: RequestContext): string | null {
  return isProxyAddress ? null : networkOf(ip);
}
