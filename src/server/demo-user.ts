import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { UsersService } from '../users/users.service.js';

/** The log-in that the first start prints. */
export interface DemoLogin {
  readonly username: string;
  readonly password: string;
}

/** Makes a user to try the server with, where there is none yet. */
@Injectable()
export class DemoUser {
  constructor(
    private readonly users: UsersService,
    private readonly hasher: PasswordHasher,
  ) {}

  /** The new user's log-in, or null when there are users already. */
  async createIfEmpty(): Promise<DemoLogin | null> {
    if (!(await this.users.isEmpty())) return null;
    const login = { username: 'demo', password: randomBytes(12).toString('base64url') };
    const password = await this.hasher.hash(login.password);
    return (await this.users.createMissing({ username: login.username, password })) ? login : null;
  }
}
