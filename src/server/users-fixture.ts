import { readFile } from 'node:fs/promises';
import { DataSource } from 'typeorm';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AuthSettings } from '../config/auth-settings.js';
import { ConfigError } from '../config/config-error.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { UsersService } from '../users/users.service.js';
import { AuthToken } from '../authentication/auth-token.entity.js';
import { DjangoSession } from '../authentication/django-session.entity.js';
import { sessionAuthHash, writeSession } from '../authentication/domain/django-session.js';

/** Lifetime of a session from the fixture, ms. */
const SESSION_LIFETIME = 86_400_000;

/** One user of the file (design §8). */
interface FixtureUser {
  readonly username: string;
  readonly id?: number;
  /** Clear text, hashed on load. */
  readonly password?: string;
  /** Stored as it is. */
  readonly password_hash?: string;
  readonly email?: string;
  readonly is_active?: boolean;
  readonly is_staff?: boolean;
  readonly is_superuser?: boolean;
  /** Key of `TokenAuthentication`. */
  readonly auth_token?: string;
  /** Cookie of a live browser session. */
  readonly session_key?: string;
}

/** Creates the users of the file `USERS_FIXTURE` that do not exist yet: for a first try and for tests. */
@Injectable()
export class UsersFixture {
  constructor(
    private readonly database: DataSource,
    private readonly users: UsersService,
    private readonly hasher: PasswordHasher,
    private readonly settings: AuthSettings,
    private readonly clock: Clock,
  ) {}

  /** @throws ConfigError when the file cannot be read or is not a list of users */
  async load(path: string): Promise<void> {
    for (const user of await readFixture(path)) {
      if (await this.users.findByUsername(user.username)) continue;
      await this.create(user);
    }
    await this.users.syncIds();
  }

  private async create(user: FixtureUser): Promise<void> {
    const password = user.password_hash ?? (await this.hasher.hash(user.password ?? ''));
    await this.users.createMissing({
      id: user.id,
      username: user.username,
      password,
      email: user.email,
      isActive: user.is_active,
      isStaff: user.is_staff,
      isSuperuser: user.is_superuser,
    });
    const created = await this.users.findByUsername(user.username);
    if (created === null) return;
    const now = this.clock.now();
    if (user.auth_token) {
      await this.database
        .getRepository(AuthToken)
        .upsert({ key: user.auth_token, userId: Number(created.id), created: new Date(now) }, [
          'key',
        ]);
    }
    if (user.session_key) {
      const secret = this.settings.sessionSecretKey ?? this.settings.signingKey;
      const session = { userId: String(created.id), authHash: sessionAuthHash(password, secret) };
      const data = writeSession(session, secret, Math.floor(now / 1000));
      const expireDate = new Date(now + SESSION_LIFETIME);
      await this.database
        .getRepository(DjangoSession)
        .upsert({ key: user.session_key, data, expireDate }, ['key']);
    }
  }
}

async function readFixture(path: string): Promise<FixtureUser[]> {
  let users: unknown;
  try {
    users = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    // The parser's message would quote the file, which contains passwords.
    const reason = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
    throw new ConfigError([`USERS_FIXTURE: the file ${path} ${reason}.`]);
  }
  if (!Array.isArray(users) || !users.every(isFixtureUser)) {
    throw new ConfigError([
      'USERS_FIXTURE: the file must hold a list of users. Example: [{"username":"alice","password":"wonderland"}]',
    ]);
  }
  return users;
}

function isFixtureUser(value: unknown): value is FixtureUser {
  const { username, password, password_hash: hash } = (value ?? {}) as Record<string, unknown>;
  return typeof username === 'string' && (typeof password === 'string' || typeof hash === 'string');
}
