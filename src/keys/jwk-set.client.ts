import type { JsonWebKey, KeyObject } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { UnavailableError } from '../common/errors.js';
import type { Algorithm } from './domain/algorithm.js';
import { keyOfJwk } from './domain/jwk.js';

/** How long a fetched set is used without asking again, ms. */
const FRESH_FOR = 300_000;
/**
 * How old a set may be while its issuer cannot be reached, ms. There has to be an end: an attacker who kept us from the
 * issuer would keep a stolen key alive that was retired for that reason.
 */
const OLDEST = 3_600_000;
/** Between two fetches that unknown key ids cause, ms: invented ids must not cause a storm of fetches. */
const COOL_DOWN = 10_000;
/** Until a fetch is given up, ms. */
const TIMEOUT = 3000;
/** Bytes of a set at most. */
const MAX_BYTES = 262_144;
/** Keys of a set at most. */
const MAX_KEYS = 64;

/**
 * The JWK Set of another issuer (`JWK_URL`), fetched when it is needed and kept for five minutes, or an hour while the
 * issuer cannot be reached.
 */
export class JwkSetClient {
  private readonly logger = new Logger('JwkSetClient');
  private keys: ReadonlyMap<string, KeyObject> = new Map();
  private fetchedAt = Number.NEGATIVE_INFINITY;
  private triedAt = Number.NEGATIVE_INFINITY;
  private failed = false;
  private fetching: Promise<void> | null = null;

  constructor(
    private readonly url: string,
    private readonly algorithm: Algorithm,
    private readonly clock: Clock,
  ) {}

  /**
   * The key of that id, or null when the set does not list it.
   *
   * @throws UnavailableError when the set cannot be fetched and does not list the key, or was last fetched an hour ago
   */
  async findKey(kid: string): Promise<KeyObject | null> {
    const known = this.keys.get(kid);
    if (known && this.age() < FRESH_FOR) return known;
    if (this.clock.now() - this.triedAt >= COOL_DOWN) await this.refresh();
    else if (this.fetching) await this.fetching;
    const key = this.keys.get(kid);
    // While the issuer cannot be reached, the keys that it listed last stay good for a while: it may only be restarting.
    if (this.failed && (!key || this.age() >= OLDEST)) {
      throw new UnavailableError('jwk_set_unavailable', { retryAfterSeconds: 10 });
    }
    return key ?? null;
  }

  /** Age of the set in memory, ms. */
  private age(): number {
    return this.clock.now() - this.fetchedAt;
  }

  private refresh(): Promise<void> {
    this.fetching ??= this.fetch().finally(() => {
      this.fetching = null;
    });
    return this.fetching;
  }

  private async fetch(): Promise<void> {
    this.triedAt = this.clock.now();
    try {
      const response = await fetch(this.url, {
        headers: { accept: 'application/jwk-set+json, application/json' },
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT),
      });
      if (!response.ok) throw new Error(`status ${response.status}`);
      this.keys = this.keysOf(JSON.parse(await readBounded(response)));
      this.fetchedAt = this.clock.now();
      this.failed = false;
    } catch (error) {
      this.failed = true;
      this.logger.warn(
        `JWK_URL cannot be read: ${error instanceof Error ? error.message : 'unknown'}`,
      );
    }
  }

  private keysOf(document: unknown): ReadonlyMap<string, KeyObject> {
    const list: unknown = (document as { keys?: unknown } | null)?.keys;
    if (!Array.isArray(list)) throw new Error('the document has no list of keys');
    const keys = new Map<string, KeyObject>();
    for (const jwk of list.slice(0, MAX_KEYS) as JsonWebKey[]) {
      const key = usableKey(jwk, this.algorithm);
      if (key && typeof jwk['kid'] === 'string') keys.set(jwk['kid'], key);
    }
    return keys;
  }
}

/** A key of the set that may verify with the algorithm, else null (RFC 7517 §5: others are ignored). */
function usableKey(jwk: JsonWebKey, algorithm: Algorithm): KeyObject | null {
  if (jwk === null || typeof jwk !== 'object' || jwk['d'] !== undefined) return null;
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return null;
  if (jwk['alg'] !== undefined && jwk['alg'] !== algorithm) return null;
  return keyOfJwk(jwk, algorithm);
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length;
    if (size > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString('utf8');
}
