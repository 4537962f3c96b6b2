import { Logger } from '@nestjs/common';
import { requirePackages } from '../config/optional-packages.js';

/** Until a connection or an answer is given up, ms: a log-in asks up to three times and must be answered within 5 s. */
const PATIENCE = 500;
/** Longest pause between two attempts to connect, ms. */
const LONGEST_PAUSE = 2000;

/** The little of Redis that counting needs. */
export interface RedisConnection {
  /**
   * Runs a Lua script that answers with numbers on one key; one key only, so that it runs on a cluster.
   *
   * @throws Error when Redis is away or takes longer than half a second
   */
  run(script: string, key: string, values: readonly number[]): Promise<number[]>;
  close(): void;
}

/**
 * Connects to Redis, and goes on trying for as long as it is away: it returns once the first attempt has ended, well or
 * not.
 *
 * @throws ConfigError when the optional package `redis` is not installed
 */
export async function connectRedis(url: string): Promise<RedisConnection> {
  requirePackages('REDIS_URL', ['redis']);
  const { createClient } = await import('redis');
  const logger = new Logger('RedisConnection');
  const client = createClient({
    url,
    // While Redis is away, a count must fail at once and not wait for it.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: PATIENCE,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 10), LONGEST_PAUSE),
    },
  });
  let isAway = false;
  client.on('ready', () => {
    if (isAway) logger.log('Redis is back');
    isAway = false;
  });
  const firstAttempt = new Promise<void>((resolve) => {
    client.once('ready', () => resolve());
    client.on('error', (error: unknown) => {
      // Once for each outage; the address is left out, for it holds the password.
      if (!isAway) logger.warn(`Redis is away: ${reasonOf(error)}`);
      isAway = true;
      resolve();
    });
  });
  client.connect().catch(() => undefined);
  await firstAttempt;
  return {
    run: async (script, key, values) => {
      const options = { keys: [key], arguments: values.map(String) };
      const answer: unknown = await withinPatience(client.eval(script, options));
      return Array.isArray(answer) ? answer.map(Number) : [];
    },
    close: () => client.destroy(),
  };
}

/** The package's own time limit ends when a command is sent; a frozen Redis would keep it for ever. */
async function withinPatience<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Redis does not answer')), PATIENCE);
  });
  try {
    return await Promise.race([answer, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** The code of an error, or its name; never its message, which may repeat the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error ? String(error.code) : error.name;
}
