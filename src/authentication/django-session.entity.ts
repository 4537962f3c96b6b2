import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A browser session of a Django server, in its table: what `SessionAuthentication` reads. */
@Entity('django_session')
@Index('django_session_session_key_c0390e0f_like', { synchronize: false })
export class DjangoSession {
  /** The value of the cookie `sessionid`. */
  @PrimaryColumn({ name: 'session_key', type: 'varchar', length: 40 })
  key: string;

  /** Signed with Django's secret; see `domain/django-session.ts`. */
  @Column({ name: 'session_data', type: 'text' })
  data: string;

  @Index('django_session_expire_date_a5c62663')
  @Column({ name: 'expire_date', type: 'timestamptz' })
  expireDate: Date;
}
