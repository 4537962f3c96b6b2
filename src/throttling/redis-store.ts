import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { AuthSettings } from '../config/auth-settings.js';
import type { RateLimitKey } from './rate-limit-key.js';
import { RateLimitStore, longestWait, type RateLimitState } from './rate-limit-store.js';
import { connectRedis, type RedisConnection } from './redis-connection.js';

/** So that other users of the same Redis are not met. */
const PREFIX = 'nest-simplejwt:';

/* A counter without an end would count for ever: a key that was made persistent gets one again. */
const CONSUME = `
  local attempts = redis.call('INCR', KEYS[1])
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then
    left = tonumber(ARGV[1])
    redis.call('PEXPIRE', KEYS[1], left)
  end
  return { attempts, left }`;

const GET = `
  local attempts = tonumber(redis.call('GET', KEYS[1]) or '0')
  local left = redis.call('PTTL', KEYS[1])
  if left == -1 then
    left = tonumber(ARGV[1])
    redis.call('PEXPIRE', KEYS[1], left)
  end
  return { attempts, left }`;

/** Counters in Redis, which runs one script at a time and lets them expire by itself. */
@Injectable()
export class RedisStore extends RateLimitStore implements OnModuleInit, OnModuleDestroy {
  private connection: RedisConnection | null = null;

  constructor(private readonly settings: AuthSettings) {
    super();
  }

  /** @throws ConfigError when `REDIS_URL` is set and the package `redis` is missing */
  async onModuleInit(): Promise<void> {
    const { redisUrl } = this.settings;
    if (redisUrl !== null) this.connection = await connectRedis(redisUrl);
  }

  onModuleDestroy(): void {
    this.connection?.close();
  }

  /** @throws Error when Redis is away */
  override async consume(keys: readonly RateLimitKey[]): Promise<number> {
    return longestWait(keys, await this.states(CONSUME, keys), 1);
  }

  /** @throws Error when Redis is away */
  override async get(keys: readonly RateLimitKey[]): Promise<number> {
    return longestWait(keys, await this.states(GET, keys), 0);
  }

  private async states(
    script: string,
    keys: readonly RateLimitKey[],
  ): Promise<Map<string, RateLimitState>> {
    const { connection } = this;
    if (connection === null) throw new Error('Redis is not connected');
    const states = keys.map(async ({ key, limit }): Promise<[string, RateLimitState]> => {
      const milliseconds = Math.max(1, Math.round(limit.window * 1000));
      const [attempts = 0, left = 0] = await connection.run(script, PREFIX + key, [milliseconds]);
      return [key, { attempts, seconds: left / 1000 }];
    });
    return new Map(await Promise.all(states));
  }
}
