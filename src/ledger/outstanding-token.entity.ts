import {
  Column,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryGeneratedColumn,
  Unique,
} from 'typeorm';
import { User } from '../users/user.entity.js';

/**
 * Every refresh and sliding token that was issued, in Django's table (contract §14).
 *
 * @publicApi
 */
@Entity('token_blacklist_outstandingtoken')
@Unique('token_blacklist_outstandingtoken_jti_hex_d9bdf6f7_uniq', ['jti'])
@Index('token_blacklist_outstandingtoken_jti_hex_d9bdf6f7_like', { synchronize: false })
export class OutstandingToken {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'BY DEFAULT' })
  id: string;

  /** The whole token, as Django keeps it. */
  @Column({ type: 'text' })
  token: string;

  @Column({ name: 'created_at', type: 'timestamptz', nullable: true })
  createdAt: Date | null;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;

  @Index('token_blacklist_outstandingtoken_user_id_83bc629a')
  @Column({ name: 'user_id', type: 'integer', nullable: true })
  userId: number | null;

  @ManyToOne(() => User, { nullable: true, deferrable: 'INITIALLY DEFERRED' })
  @JoinColumn({
    name: 'user_id',
    foreignKeyConstraintName: 'token_blacklist_outs_user_id_83bc629a_fk_auth_user',
  })
  user: User | null;

  @Column({ type: 'varchar', length: 255 })
  jti: string;
}
