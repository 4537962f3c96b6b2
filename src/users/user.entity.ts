import { Column, Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';

/**
 * A user, in Django's table and columns (contract §14), so that both servers can share one database.
 *
 * @publicApi
 */
@Entity('auth_user')
@Unique('auth_user_username_key', ['username'])
@Index('auth_user_username_6821ab7c_like', { synchronize: false })
export class User {
  @PrimaryGeneratedColumn('identity', { type: 'integer', generatedIdentity: 'BY DEFAULT' })
  id: number;

  /** Encoded: `algorithm$…` (contract §15). */
  @Column({ type: 'varchar', length: 128 })
  password: string;

  @Column({ name: 'last_login', type: 'timestamptz', nullable: true })
  lastLogin: Date | null;

  @Column({ name: 'is_superuser', type: 'boolean' })
  isSuperuser: boolean;

  @Column({ type: 'varchar', length: 150 })
  username: string;

  @Column({ name: 'first_name', type: 'varchar', length: 150 })
  firstName: string;

  @Column({ name: 'last_name', type: 'varchar', length: 150 })
  lastName: string;

  @Column({ type: 'varchar', length: 254 })
  email: string;

  @Column({ name: 'is_staff', type: 'boolean' })
  isStaff: boolean;

  @Column({ name: 'is_active', type: 'boolean' })
  isActive: boolean;

  @Column({ name: 'date_joined', type: 'timestamptz' })
  dateJoined: Date;
}
