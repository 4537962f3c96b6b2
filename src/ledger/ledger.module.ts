import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventsModule } from '../events/events.module.js';
import { FeedModule } from '../feed/feed.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { UsersModule } from '../users/users.module.js';
import { SessionCache } from './session-cache.js';
import { BlacklistedToken } from './blacklisted-token.entity.js';
import { DjangoLedger } from './django-ledger.js';
import { FlushExpiredTokensTask } from './flush-expired-tokens.task.js';
import { OutstandingToken } from './outstanding-token.entity.js';
import { RefreshPolicy } from './refresh-policy.js';
import { SessionLedger } from './session-ledger.js';
import { SessionList } from './session-list.js';
import { SessionRepository } from './session-repository.js';
import { SessionTokens } from './session-tokens.js';
import { Session } from './session.entity.js';

/** Provides both ledgers of refresh tokens, and what the guard knows of sessions; `AuthModule` chooses the ledger. */
@Module({
  imports: [
    EventsModule,
    FeedModule,
    TokensModule,
    UsersModule,
    TypeOrmModule.forFeature([OutstandingToken, BlacklistedToken, Session]),
  ],
  providers: [
    SessionCache,
    DjangoLedger,
    FlushExpiredTokensTask,
    RefreshPolicy,
    SessionLedger,
    SessionList,
    SessionRepository,
    SessionTokens,
  ],
  exports: [SessionCache, DjangoLedger, FlushExpiredTokensTask, SessionLedger],
})
export class LedgerModule {}
