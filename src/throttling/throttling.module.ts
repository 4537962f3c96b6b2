import { Module } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AuthSettings } from '../config/auth-settings.js';
import { Counters } from './counters.js';
import { FallbackCounters } from './fallback-counters.js';
import { FlushExpiredAttemptsTask } from './flush-expired-attempts.task.js';
import { KnownClients } from './known-clients.js';
import { LoginThrottle } from './login-throttle.js';
import { PostgresCounters } from './postgres-counters.js';
import { RedisCounters } from './redis-counters.js';
import { RefreshThrottle } from './refresh-throttle.js';

/**
 * Limits log-ins and refreshes; counts in Postgres, or in Redis where `REDIS_URL` is set.
 *
 * @publicApi
 */
@Module({
  providers: [
    FlushExpiredAttemptsTask,
    KnownClients,
    LoginThrottle,
    PostgresCounters,
    RedisCounters,
    RefreshThrottle,
    {
      provide: Counters,
      inject: [AuthSettings, PostgresCounters, RedisCounters, Clock],
      useFactory: (
        { redisUrl }: AuthSettings,
        postgres: PostgresCounters,
        redis: RedisCounters,
        clock: Clock,
      ) => (redisUrl === null ? postgres : new FallbackCounters(redis, postgres, clock)),
    },
  ],
  exports: [FlushExpiredAttemptsTask, LoginThrottle, RefreshThrottle],
})
export class ThrottlingModule {}
