import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Clock } from '../common/clock.js';
import { AuthSettings } from '../config/auth-settings.js';
import { EntityUserStore } from './entity-user-store.js';
import { User } from './user.entity.js';

const SYNC_IDS = `
  SELECT setval(pg_get_serial_sequence('auth_user', 'id'), (SELECT max(id) FROM auth_user))
  WHERE EXISTS (SELECT FROM auth_user)`;

/** What a new user needs; the rest has Django's defaults. */
export interface NewUser {
  readonly id?: number;
  readonly username: string;
  /** Encoded (contract §15). */
  readonly password: string;
  readonly email?: string;
  readonly isActive?: boolean;
  readonly isStaff?: boolean;
  readonly isSuperuser?: boolean;
}

/**
 * The users of Django's `auth_user` table.
 *
 * @publicApi
 */
@Injectable()
export class UsersService extends EntityUserStore<User> {
  constructor(
    @InjectRepository(User) users: Repository<User>,
    settings: AuthSettings,
    private readonly clock: Clock,
  ) {
    super(users, settings, {
      username: 'username',
      password: 'password',
      isActive: 'isActive',
      isStaff: 'isStaff',
      isSuperuser: 'isSuperuser',
      email: 'email',
      lastLogin: 'lastLogin',
    });
  }

  /** Creates a user. False, and nothing is done, where the name or the id is taken. */
  async createMissing(user: NewUser): Promise<boolean> {
    const { raw } = await this.users
      .createQueryBuilder()
      .insert()
      .values({
        ...(user.id === undefined ? {} : { id: user.id }),
        username: user.username,
        password: user.password,
        email: user.email ?? '',
        firstName: '',
        lastName: '',
        isActive: user.isActive ?? true,
        isStaff: user.isStaff ?? false,
        isSuperuser: user.isSuperuser ?? false,
        dateJoined: new Date(this.clock.now()),
        lastLogin: null,
      })
      .orIgnore()
      .returning('id')
      .execute();
    return (raw as unknown[]).length > 0;
  }

  /** Lets the database number new users after those that were given ids. */
  async syncIds(): Promise<void> {
    await this.users.query(SYNC_IDS);
  }

  /** Whether there is any user at all. */
  async isEmpty(): Promise<boolean> {
    return !(await this.users.exists());
  }
}
