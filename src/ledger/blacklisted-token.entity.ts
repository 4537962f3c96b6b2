import { Column, Entity, JoinColumn, OneToOne, PrimaryGeneratedColumn } from 'typeorm';
import { OutstandingToken } from './outstanding-token.entity.js';

/**
 * Issued tokens that may not be used any more, in Django's table (contract §14).
 *
 * @publicApi
 */
@Entity('token_blacklist_blacklistedtoken')
export class BlacklistedToken {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'BY DEFAULT' })
  id: string;

  @Column({ name: 'blacklisted_at', type: 'timestamptz' })
  blacklistedAt: Date;

  @Column({ name: 'token_id', type: 'bigint' })
  tokenId: string;

  @OneToOne(() => OutstandingToken, { deferrable: 'INITIALLY DEFERRED' })
  @JoinColumn({
    name: 'token_id',
    foreignKeyConstraintName: 'token_blacklist_blacklistedtoken_token_id_3cc7fe56_fk',
  })
  token: OutstandingToken;
}
