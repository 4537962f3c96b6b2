import { Logger } from '@nestjs/common';

/**
 * Who acts: a user by primary key, whoever holds a session's token, a service of `OAUTH_CLIENTS`, an operator's command,
 * our own schedule, or the code of the host.
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

type What =
  | { readonly event: 'logged_in'; readonly target: User; readonly session: string | null }
  | { readonly event: 'session_ended'; readonly target: Session; readonly reason: EndReason }
  /** By staff: each of the sessions has a line of its own. */
  | { readonly event: 'sessions_ended'; readonly target: User; readonly count: number }
  /** By staff. */
  | { readonly event: 'sessions_viewed'; readonly target: User }
  | { readonly event: 'user_activated'; readonly target: User }
  | { readonly event: 'user_deactivated'; readonly target: User; readonly keptSessions: boolean }
  /** It ends all sessions but the kept one. */
  | {
      readonly event: 'password_changed';
      readonly target: User;
      readonly keptSession: string | null;
    }
  | {
      readonly event: 'key_generated' | 'key_signs' | 'key_retired';
      readonly target: `key:${string}`;
      readonly algorithm: string;
    };

type User = `user:${string}`;
type Session = `session:${string}`;

/** Something that matters to the safety of accounts, and that has happened. */
export type SecurityEvent = Cause & What;

const logger = new Logger('SecurityEvents');

/**
 * Tells of a security event: one line of the log, whose members are those of the event. Call it when the change is
 * committed. It holds no password, token or key.
 */
export function securityEvent(event: SecurityEvent): void {
  logger.log(event);
}

/** Tells of sessions that were ended together, one line for each. */
export function sessionsEnded(sessions: readonly string[], reason: EndReason, cause: Cause): void {
  for (const session of sessions) {
    securityEvent({ event: 'session_ended', ...cause, target: `session:${session}`, reason });
  }
}
