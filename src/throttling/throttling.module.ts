import { Module } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AuthSettings } from '../config/auth-settings.js';
import { FallbackStore } from './fallback-store.js';
import { FlushExpiredAttemptsTask } from './flush-expired-attempts.task.js';
import { KnownClients } from './known-clients.js';
import { LoginThrottle } from './login-throttle.js';
import { PostgresStore } from './postgres-store.js';
import { RateLimitStore } from './rate-limit-store.js';
import { RedisStore } from './redis-store.js';
import { Throttle } from './throttle.js';

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
    PostgresStore,
    RedisStore,
    Throttle,
    {
      provide: RateLimitStore,
      inject: [AuthSettings, PostgresStore, RedisStore, Clock],
      useFactory: (
        { redisUrl }: AuthSettings,
        postgres: PostgresStore,
        redis: RedisStore,
        clock: Clock,
      ) => (redisUrl === null ? postgres : new FallbackStore(redis, postgres, clock)),
    },
  ],
  exports: [FlushExpiredAttemptsTask, LoginThrottle, Throttle],
})
export class ThrottlingModule {}
