import type { AuthUser } from '../users/user-store.js';

/** What the current refresh token of a session is made of; instants are seconds since the epoch, the database's. */
export interface CurrentToken {
  readonly generation: number;
  /** Its `iat`, with fraction. */
  readonly rotated_at: number;
  /** Its `exp`. */
  readonly expires_at: number;
}

/** A session as a statement returns it. */
export interface SessionRow extends CurrentToken {
  readonly id: string;
  readonly user_id: string | null;
  readonly parent_generation: number | null;
  /** The parent for which a displaced token has recovered late. */
  readonly recovered_parent: number | null;
  readonly superseded_at: number[];
  readonly user_agent: string | null;
  /** Null where it is not known from which network the session was last used. */
  readonly last_ip: string | null;
  readonly is_sliding: boolean;
  readonly revoke_reason: string | null;
  readonly last_used_at: number;
  readonly ends_at: number | null;
  readonly revoked_at: number | null;
  /** Whether the absolute end has passed. */
  readonly is_over: boolean;
  readonly now: number;
}

/** A session with its user; null when the user was deleted. */
export interface SessionWithUser extends SessionRow {
  readonly user: AuthUser | null;
}

interface UserJson {
  readonly id: number | string;
  readonly username: string;
  readonly password: string;
  readonly is_active: boolean;
  readonly is_staff: boolean;
  readonly token_id: number | string;
}

/** The same with the user as Postgres writes JSON. */
export type SessionWithJson = SessionRow & { readonly user: UserJson | null };

/** Whether a session has not ended. */
export function isLive(session: SessionRow): boolean {
  return session.revoked_at === null && !session.is_over;
}

/** The session of a row, 32 hex digits. */
export function sidOf({ id }: { readonly id: string }): string {
  return id.replaceAll('-', '');
}

/** The session with its user as the rest of the application knows users. */
export function withUser(row: SessionWithJson): SessionWithUser {
  return { ...row, user: row.user && toAuthUser(row.user) };
}

/** A user of a row. */
export function toAuthUser(row: UserJson): AuthUser {
  return {
    id: row.id,
    username: row.username,
    password: row.password,
    isActive: row.is_active,
    isStaff: row.is_staff,
    tokenId: row.token_id,
  };
}
