import { Module } from '@nestjs/common';
import { AuthenticationModule } from '../auth/authentication.module.js';
import { AccountController } from './account.controller.js';
import { AccountService } from './account.service.js';
import { SessionsController } from './sessions.controller.js';

/**
 * HTTP for the signed-in user. Import it beside `AuthModule.forRoot()`.
 *
 * @publicApi
 */
@Module({
  imports: [AuthenticationModule],
  controllers: [AccountController, SessionsController],
  providers: [AccountService],
  exports: [AccountService],
})
export class AccountModule {}
