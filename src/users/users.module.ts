import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthSettings } from '../config/auth-settings.js';
import { DjangoPasswordHasher } from './django-password-hasher.js';
import { PasswordHasher } from './password-hasher.js';
import { UserAuthenticationRule } from './user-authentication-rule.js';
import { UserStore } from './user-store.js';
import { User } from './user.entity.js';
import { UsersService } from './users.service.js';

/**
 * Users in Django's table, and their passwords.
 *
 * @publicApi
 */
@Module({
  imports: [TypeOrmModule.forFeature([User])],
  providers: [
    UsersService,
    UserAuthenticationRule,
    { provide: UserStore, useExisting: UsersService },
    {
      provide: PasswordHasher,
      inject: [AuthSettings],
      useFactory: ({ passwordHasher }: AuthSettings) =>
        new DjangoPasswordHasher({ preferred: passwordHasher }),
    },
  ],
  exports: [PasswordHasher, UserAuthenticationRule, UsersService, UserStore],
})
export class UsersModule {}
