import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { AuthSettings } from '../config/auth-settings.js';
import { Counters, longestWait, type CounterState, type Limited } from './counters.js';
import { connectRedis, type RedisConnection } from './redis-connection.js';

/** So that other users of the same Redis are not met. */
const PREFIX = 'nest-simplejwt:';

/* A counter without an end would count for ever: a key that somebody made persistent gets one again. */
const HIT = `
  local attempts = redis.call('INCR', KEYS[1])
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then
    left = tonumber(ARGV[1])
    redis.call('PEXPIRE', KEYS[1], left)
  end
  return { attempts, left }`;

const PEEK = `
  local attempts = tonumber(redis.call('GET', KEYS[1]) or '0')
  local left = redis.call('PTTL', KEYS[1])
  if left == -1 then
    left = tonumber(ARGV[1])
    redis.call('PEXPIRE', KEYS[1], left)
  end
  return { attempts, left }`;

/** Counters in Redis, which runs one script at a time and lets them expire by itself. */
@Injectable()
export class RedisCounters extends Counters implements OnModuleInit, OnModuleDestroy {
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
  override async hit(limited: readonly Limited[]): Promise<number> {
    return longestWait(limited, await this.states(HIT, limited), 1);
  }

  /** @throws Error when Redis is away */
  override async peek(limited: readonly Limited[]): Promise<number> {
    return longestWait(limited, await this.states(PEEK, limited), 0);
  }

  private async states(
    script: string,
    limited: readonly Limited[],
  ): Promise<Map<string, CounterState>> {
    const { connection } = this;
    if (connection === null) throw new Error('Redis is not connected');
    const states = limited.map(async ({ key, limit }): Promise<[string, CounterState]> => {
      const milliseconds = Math.max(1, Math.round(limit.window * 1000));
      const [attempts = 0, left = 0] = await connection.run(script, PREFIX + key, [milliseconds]);
      return [key, { attempts, seconds: left / 1000 }];
    });
    return new Map(await Promise.all(states));
  }
}
