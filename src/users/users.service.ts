import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Clock } from '../common/clock.js';
import { AuthSettings } from '../config/auth-settings.js';
import { UserStore, type AuthUser } from './user-store.js';
import type { UserTable } from './user-table.js';
import { User } from './user.entity.js';

/** Largest number that the integer key can have (contract §14). */
const LARGEST_ID = 2_147_483_647;
/** Characters of the longest user name that can be stored. */
const LONGEST_USERNAME = 150;

const SYNC_IDS = `
  SELECT setval(pg_get_serial_sequence('auth_user', 'id'), (SELECT max(id) FROM auth_user))
  WHERE EXISTS (SELECT FROM auth_user)`;

/**
 * Writes a hash only in the place of the one that was read. The trigger on the column ends the user's sessions; the
 * transaction-local setting tells it which to keep: `all`, one id, or none (design §3).
 */
const REPLACE_PASSWORD = `
  UPDATE auth_user SET password = $3
  FROM (SELECT set_config('nest_simplejwt.keep_sessions', $4, true) AS value) AS keep
  WHERE id = $1 AND password = $2 AND keep.value IS NOT NULL`;

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
export class UsersService extends UserStore {
  override readonly table: UserTable;

  constructor(
    @InjectRepository(User)
    private readonly users: Repository<User>,
    private readonly settings: AuthSettings,
    private readonly clock: Clock,
  ) {
    super();
    this.table = {
      name: 'auth_user',
      id: 'id',
      idType: 'integer',
      username: 'username',
      password: 'password',
      isActive: 'is_active',
      isStaff: 'is_staff',
      tokenId: settings.userIdField,
    };
  }

  override async findByUsername(username: string): Promise<AuthUser | null> {
    // A longer name cannot be in the column; Postgres would refuse U+0000 with an error.
    if (username.length > LONGEST_USERNAME * 2 || username.includes('\0')) return null;
    return this.toAuthUser(await this.users.findOneBy({ username }));
  }

  override async findById(id: string): Promise<AuthUser | null> {
    const key = integerId(id);
    return key === null ? null : this.toAuthUser(await this.users.findOneBy({ id: key }));
  }

  override async findByTokenId(tokenId: string): Promise<AuthUser | null> {
    const { userIdField } = this.settings;
    if (userIdField === 'id') return this.findById(tokenId);
    if (tokenId.includes('\0')) return null;
    return this.toAuthUser(await this.users.findOneBy({ [userIdField]: tokenId }));
  }

  override async upgradePassword(user: AuthUser, encoded: string): Promise<boolean> {
    return this.replacePassword(user, encoded, 'all');
  }

  override async changePassword(
    user: AuthUser,
    encoded: string,
    keptSession: string | null,
  ): Promise<boolean> {
    return this.replacePassword(user, encoded, keptSession ?? '');
  }

  override async setActive(id: string, isActive: boolean): Promise<boolean> {
    const key = integerId(id);
    if (key === null) return false;
    const { affected } = await this.users.update({ id: key }, { isActive });
    return affected === 1;
  }

  override async recordLogin(user: AuthUser, at: Date): Promise<void> {
    await this.users.update({ id: Number(user.id) }, { lastLogin: at });
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

  /** Lets the database number new users behind those that were given ids. */
  async syncIds(): Promise<void> {
    await this.users.query(SYNC_IDS);
  }

  /** Whether there is any user at all. */
  async isEmpty(): Promise<boolean> {
    return !(await this.users.exists());
  }

  private async replacePassword(user: AuthUser, encoded: string, keep: string): Promise<boolean> {
    const result = await this.users.query<[unknown[], number]>(REPLACE_PASSWORD, [
      user.id,
      user.password,
      encoded,
      keep,
    ]);
    return result[1] === 1;
  }

  private toAuthUser(user: User | null): AuthUser | null {
    if (user === null) return null;
    const { id, username, password, isActive, isStaff } = user;
    return { id, username, password, isActive, isStaff, tokenId: user[this.settings.userIdField] };
  }
}

/** The key that a text names in its canonical spelling, or null: `01`, ` 1 ` and `1.0` are nobody's. */
function integerId(text: string): number | null {
  const id = /^-?\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return String(id) === text && Math.abs(id) <= LARGEST_ID ? id : null;
}
