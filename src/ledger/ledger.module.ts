import { Module, type FactoryProvider, type Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthSettings } from '../config/auth-settings.js';
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
import { RefreshTokenLedger } from './refresh-token-ledger.js';
import { SessionLedger } from './session-ledger.js';
import { SessionList } from './session-list.js';
import { SessionRepository } from './session-repository.js';
import { SessionTokens } from './session-tokens.js';
import { Session } from './session.entity.js';

/** The class of each ledger that the setting `LEDGER` can name. */
const LEDGERS: Readonly<Record<AuthSettings['ledger'], Type<RefreshTokenLedger>>> = {
  sessions: SessionLedger,
  django: DjangoLedger,
};

/** The ledger that the settings name; `AuthModule` provides it, unless the host has its own. */
export const chosenLedger: Omit<FactoryProvider<RefreshTokenLedger>, 'provide'> = {
  inject: [AuthSettings, ...Object.values(LEDGERS)],
  useFactory: ({ ledger }: AuthSettings, ...ledgers: readonly RefreshTokenLedger[]) =>
    ledgers.find((one) => one instanceof LEDGERS[ledger]) as RefreshTokenLedger,
};

/** Provides the ledgers of refresh tokens, and what the guard knows of sessions. */
@Module({
  imports: [
    EventsModule,
    FeedModule,
    TokensModule,
    UsersModule,
    TypeOrmModule.forFeature([OutstandingToken, BlacklistedToken, Session]),
  ],
  providers: [
    ...Object.values(LEDGERS),
    FlushExpiredTokensTask,
    RefreshPolicy,
    SessionCache,
    SessionList,
    SessionRepository,
    SessionTokens,
  ],
  exports: [...Object.values(LEDGERS), FlushExpiredTokensTask, SessionCache],
})
export class LedgerModule {}
