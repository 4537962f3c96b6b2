import type { DataSource } from 'typeorm';
import type { AuthSettings } from '../../src/config/auth-settings.js';
import type { PasswordHasher } from '../../src/passwords/password-hasher.js';
import { PasswordDecoys } from '../../src/login/password-decoys.js';
import type { UserStore } from '../../src/users/user-store.js';

/** Reads no table: every name costs a new hash. */
export class OneDecoy extends PasswordDecoys {
  constructor() {
    super({} as AuthSettings, {} as UserStore, {} as PasswordHasher, {} as DataSource);
  }

  override async of(): Promise<string> {
    return '!';
  }
}
