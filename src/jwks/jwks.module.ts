import { Module } from '@nestjs/common';
import { AuthenticationModule } from '../auth/authentication.module.js';
import { KeysModule } from '../keys/keys.module.js';
import { JwksController } from './jwks.controller.js';

/**
 * `/.well-known/jwks.json`, for services that verify tokens by themselves. They must check `token_type` (refresh tokens are
 * signed with the same keys), `iss` and `aud` as well.
 *
 * @publicApi
 */
@Module({ imports: [AuthenticationModule, KeysModule], controllers: [JwksController] })
export class JwksModule {}
