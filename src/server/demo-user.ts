import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { isDjangoDatabase } from '../database/django-project.js';
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
    private readonly database: DataSource,
  ) {}

  /**
   * User name and password of the new user; null when there are users already, and in the database of a Django project,
   * whose first account would be ours.
   */
  async createIfEmpty(): Promise<DemoLogin | null> {
    if (!(await this.users.isEmpty()) || (await isDjangoDatabase(this.database))) return null;
    const login = { username: 'demo', password: randomBytes(12).toString('base64url') };
    const password = await this.hasher.hash(login.password);
    return (await this.users.createMissing({ username: login.username, password })) ? login : null;
  }
}
