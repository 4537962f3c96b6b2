import { Logger } from '@nestjs/common';
import { requirePackages } from '../config/optional-packages.js';

/** Until a connection or an answer is given up, ms: a log-in asks up to three times and must be answered within 5 s. */
const PATIENCE = 500;
/** How long the start waits for a first attempt that Redis accepts and does not answer, ms. */
const FIRST_PATIENCE = 1000;
/** Until a connection on which Redis says nothing is given up, ms; it is asked more often than that. */
const LONGEST_SILENCE = 2000;
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
 * not, or has taken a second.
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
    pingInterval: LONGEST_SILENCE / 2,
    socket: {
      connectTimeout: PATIENCE,
      // Also of the greeting: whatever accepts connections and says nothing would keep the first one for ever.
      socketTimeout: LONGEST_SILENCE,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 10), LONGEST_PAUSE),
    },
  });
  let isAway = false;
  client.on('ready', () => {
    if (isAway) logger.log('Redis is back');
    isAway = false;
  });
  /** Tells once for each outage. */
  const noteAway = (reason: string): void => {
    if (!isAway) logger.warn(`Redis is away: ${reason}`);
    isAway = true;
  };
  const firstAttempt = new Promise<void>((resolve) => {
    const limit = setTimeout(() => {
      noteAway('it does not answer');
      resolve();
    }, FIRST_PATIENCE);
    client.once('ready', () => {
      clearTimeout(limit);
      resolve();
    });
    client.on('error', (error: unknown) => {
      clearTimeout(limit);
      // The address is left out, for it holds the password.
      noteAway(reasonOf(error));
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
  return 'code' in error ? String(error.code) : error.constructor.name;
}
