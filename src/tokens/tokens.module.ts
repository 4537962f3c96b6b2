import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { KeysModule } from '../keys/keys.module.js';
import { OwnClaims } from './own-claims.js';
import { TokenBackend } from './token-backend.js';
import { TokensService } from './tokens.service.js';

/** Provides the signing, verifying and making of tokens. */
@Module({
  imports: [KeysModule, JwtModule.register({})],
  providers: [OwnClaims, TokenBackend, TokensService],
  exports: [OwnClaims, TokenBackend, TokensService],
})
export class TokensModule {}
