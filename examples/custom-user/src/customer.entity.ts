import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** Whoever shops here: named by an e-mail address, known to other tables by a UUID. */
@Entity('customer')
export class Customer {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ type: 'text', unique: true })
  email!: string;

  @Column({ name: 'password_hash', type: 'text', select: false })
  passwordHash!: string;

  @Column({ type: 'boolean', default: true })
  enabled!: boolean;

  @Column({ type: 'text', default: 'free' })
  plan!: string;
}
