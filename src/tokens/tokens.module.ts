import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { KeysModule } from '../keys/keys.module.js';
import { HostClaims } from './host-claims.js';
import { TokenBackend } from './token-backend.js';
import { TokensService } from './tokens.service.js';

/** Provides the signing, verifying and making of tokens. */
@Module({
  imports: [KeysModule, JwtModule.register({})],
  providers: [HostClaims, TokenBackend, TokensService],
  exports: [HostClaims, TokenBackend, TokensService],
})
export class TokensModule {}
