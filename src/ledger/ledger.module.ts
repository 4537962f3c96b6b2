import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TokensModule } from '../tokens/tokens.module.js';
import { UsersModule } from '../users/users.module.js';
import { BlacklistedToken } from './blacklisted-token.entity.js';
import { DjangoLedger } from './django-ledger.js';
import { FlushExpiredTokensTask } from './flush-expired-tokens.task.js';
import { OutstandingToken } from './outstanding-token.entity.js';
import { RefreshTokenLedger } from './refresh-token-ledger.js';

/** Provides the ledger of refresh tokens that the settings choose. */
@Module({
  imports: [
    TokensModule,
    UsersModule,
    TypeOrmModule.forFeature([OutstandingToken, BlacklistedToken]),
  ],
  providers: [{ provide: RefreshTokenLedger, useClass: DjangoLedger }, FlushExpiredTokensTask],
  exports: [RefreshTokenLedger, FlushExpiredTokensTask],
})
export class LedgerModule {}
