/**
 * Who acts: a user by primary key, an unnamed holder of a session's token, a service of `OAUTH_CLIENTS`, an operator's
 * command, the package's schedule, or the code of the host.
 *
 * @publicApi
 */
export type Actor =
  | `user:${string}`
  | `session:${string}`
  | `client:${string}`
  | 'command'
  | 'schedule'
  | 'application';

/**
 * Who causes an event, and from which address; null where there is none.
 *
 * @publicApi
 */
export interface Cause {
  readonly actor: Actor;
  readonly address: string | null;
}

/** Why a session ended. */
export type EndReason =
  'logged_out' | 'ended' | 'session_limit' | 'password_changed' | 'user_deactivated';

type User = `user:${string}`;
type Session = `session:${string}`;

/** The refresh token that was presented, and the session that it names. */
interface Refresh {
  readonly target: Session;
  /** Primary key of the session's user. */
  readonly user: string | null;
  /** The generation of the presented token. */
  readonly generation: number;
  /** The generation of the session's current token. */
  readonly current: number;
}

/** What speaks for theft, or against it (design §3). */
interface RefreshEvidence {
  readonly class: 'parent' | 'displaced' | 'older';
  /** Generations between the presented token and the current one. */
  readonly distance: number;
  /** Whether the grace period was still open. */
  readonly fresh: boolean;
  readonly sameUserAgent: boolean;
  readonly network: 'same' | 'other' | 'unknown';
}

type What =
  | { readonly event: 'logged_in'; readonly target: User; readonly session: string | null }
  | { readonly event: 'session_ended'; readonly target: Session; readonly reason: EndReason }
  /** By staff: each of the sessions has an event of its own. */
  | { readonly event: 'sessions_ended'; readonly target: User; readonly count: number }
  /** By staff. */
  | { readonly event: 'sessions_viewed'; readonly target: User }
  | { readonly event: 'user_activated'; readonly target: User }
  | { readonly event: 'user_deactivated'; readonly target: User; readonly keptSessions: boolean }
  /** All sessions of the user end but the kept one. */
  | {
      readonly event: 'password_changed';
      readonly target: User;
      readonly keptSession: string | null;
    }
  /** A reused token has ended its session; the other two have not. */
  | (Refresh &
      RefreshEvidence & {
        readonly event: 'refresh_token_recovered' | 'refresh_token_stale' | 'refresh_token_reused';
      })
  /** A token of a generation that the session cannot have reached; the session has ended. */
  | (Refresh & { readonly event: 'refresh_token_ahead' })
  | {
      readonly event: 'key_generated' | 'key_signs' | 'key_retired';
      readonly target: `key:${string}`;
      readonly algorithm: string;
    };

/** Something that matters to the safety of accounts, and that has happened. It holds no password, token or key. */
export type SecurityEvent = Cause & What;

/** The events of sessions that ended together, one for each. */
export function sessionsEnded(
  sessions: readonly string[],
  reason: EndReason,
  cause: Cause,
): SecurityEvent[] {
  return sessions.map((session) => ({
    event: 'session_ended',
    ...cause,
    target: `session:${session}`,
    reason,
  }));
}

/** Whether the operator is to be warned: an honest client hardly ever does this. */
export function isWarning(event: SecurityEvent): boolean {
  switch (event.event) {
    case 'refresh_token_reused':
      return true;
    case 'refresh_token_recovered':
    case 'refresh_token_stale':
      return !event.sameUserAgent;
    default:
      return false;
  }
}
