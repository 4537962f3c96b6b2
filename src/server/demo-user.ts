import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { UsersService } from '../users/users.service.js';

/** User name and password that the first start prints. */
export interface DemoLogin {
  readonly username: string;
  readonly password: string;
}

/** Creates a user for a first try, when the database has no user yet. */
@Injectable()
export class DemoUser {
  constructor(
    private readonly users: UsersService,
    private readonly hasher: PasswordHasher,
  ) {}

  /** User name and password of the new user; null when there are users already. */
  async createIfEmpty(): Promise<DemoLogin | null> {
    if (!(await this.users.isEmpty())) return null;
    const login = { username: 'demo', password: randomBytes(12).toString('base64url') };
    const password = await this.hasher.hash(login.password);
    return (await this.users.createMissing({ username: login.username, password })) ? login : null;
  }
}
