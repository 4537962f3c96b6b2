import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FeedModule } from '../feed/feed.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { UsersModule } from '../users/users.module.js';
import { BlacklistedToken } from './blacklisted-token.entity.js';
import { AuthFacts } from './auth-facts.js';
import { DjangoLedger } from './django-ledger.js';
import { FlushExpiredTokensTask } from './flush-expired-tokens.task.js';
import { Rotations } from './rotations.js';
import { SessionLedger } from './session-ledger.js';
import { SessionRows } from './session-rows.js';
import { Session } from './session.entity.js';
import { OutstandingToken } from './outstanding-token.entity.js';
import { AuthSettings } from '../config/auth-settings.js';
import { RefreshTokenLedger } from './refresh-token-ledger.js';

/** Provides the ledger of refresh tokens that the settings choose. */
@Module({
  imports: [
    FeedModule,
    TokensModule,
    UsersModule,
    TypeOrmModule.forFeature([OutstandingToken, BlacklistedToken, Session]),
  ],
  providers: [
    AuthFacts,
    DjangoLedger,
    SessionLedger,
    SessionRows,
    Rotations,
    FlushExpiredTokensTask,
    {
      provide: RefreshTokenLedger,
      inject: [AuthSettings, DjangoLedger, SessionLedger],
      useFactory: ({ ledger }: AuthSettings, django: DjangoLedger, sessions: SessionLedger) =>
        ledger === 'django' ? django : sessions,
    },
  ],
  exports: [AuthFacts, RefreshTokenLedger, FlushExpiredTokensTask],
})
export class LedgerModule {}
