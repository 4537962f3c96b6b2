import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * One log-in and the state of its line of refresh tokens (design §3). All times are the database's.
 *
 * @publicApi
 */
@Entity('auth_session')
export class Session {
  /** The claim `sid`: 128 random bits. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'auth_session_pkey' })
  id: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'last_used_at', type: 'timestamptz' })
  lastUsedAt: Date;

  /** When the current refresh token was made: its `iat`. */
  @Column({ name: 'rotated_at', type: 'timestamptz' })
  rotatedAt: Date;

  /** When the current refresh token ends: its `exp`. */
  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;

  /** When the session ends however often it is refreshed; null for never. */
  @Column({ name: 'ends_at', type: 'timestamptz', nullable: true })
  endsAt: Date | null;

  /** When it was ended; null while it lives. */
  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt: Date | null;

  /** The claim `gen` of the current refresh token. */
  @Column({ type: 'integer' })
  generation: number;

  /** The generation that the current one was made from; null before the first refresh. */
  @Column({ name: 'parent_generation', type: 'integer', nullable: true })
  parentGeneration: number | null;

  @Column({ name: 'is_sliding', type: 'boolean' })
  isSliding: boolean;

  /** The user's primary key, as text: hosts may have keys of any type. Null where another issuer's token names no user of ours. */
  @Index('auth_session_user_id')
  @Column({ name: 'user_id', type: 'text', nullable: true })
  userId: string | null;

  @Column({ name: 'revoke_reason', type: 'text', nullable: true })
  revokeReason: string | null;

  @Column({ name: 'created_ip', type: 'inet', nullable: true })
  createdIp: string | null;

  /** The name of the client that started it; null where it told none, and for sessions of an older version. */
  @Column({ name: 'created_client', type: 'varchar', length: 128, nullable: true })
  createdClient: string | null;

  @Column({ name: 'last_ip', type: 'inet', nullable: true })
  lastIp: string | null;

  @Column({ name: 'user_agent', type: 'varchar', length: 128, nullable: true })
  userAgent: string | null;

  /** When the last eight rotations were, newest first: epoch seconds with fraction. */
  @Column({ name: 'superseded_at', type: 'double precision', array: true })
  supersededAt: number[];

  /**
   * The parent generation when a displaced token last recovered later than the grace period allows: if it is still the
   * parent, none may again (design §3).
   */
  @Column({ name: 'recovered_parent', type: 'integer', nullable: true })
  recoveredParent: number | null;

  /** The `exp` of another issuer's token that the session was made from: its row stays until then. */
  @Column({ name: 'adopted_until', type: 'timestamptz', nullable: true })
  adoptedUntil: Date | null;
}
