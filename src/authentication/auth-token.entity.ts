import { Column, Entity, Index, JoinColumn, OneToOne, PrimaryColumn, Unique } from 'typeorm';
import { User } from '../users/user.entity.js';

/**
 * A key of DRF's `TokenAuthentication`, in its table (contract §14).
 *
 * @publicApi
 */
@Entity('authtoken_token')
@Unique('authtoken_token_user_id_key', ['userId'])
@Index('authtoken_token_key_10f0b77e_like', { synchronize: false })
export class AuthToken {
  /** 40 lower-case hex digits. */
  @PrimaryColumn({ type: 'varchar', length: 40 })
  key: string;

  @Column({ type: 'timestamptz' })
  created: Date;

  @Column({ name: 'user_id', type: 'integer' })
  userId: number;

  @OneToOne(() => User, { deferrable: 'INITIALLY DEFERRED' })
  @JoinColumn({
    name: 'user_id',
    foreignKeyConstraintName: 'authtoken_token_user_id_35299eff_fk_auth_user_id',
  })
  user: User;
}
