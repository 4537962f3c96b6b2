import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { User } from './user.entity.js';
import { UsersService } from './users.service.js';

/**
 * The users of Django's table. Beside it `AuthModule.forRoot()` provides `UserStore` and `PasswordHasher`, which a host
 * may replace, to every module.
 *
 * @publicApi
 */
@Module({
  imports: [TypeOrmModule.forFeature([User])],
  providers: [UsersService],
  exports: [UsersService],
})
export class UsersModule {}
