import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AuthSettings } from '../config/auth-settings.js';
import { weakSecretWarnings } from '../config/secret-checks.js';
import { environmentName } from '../config/settings.js';
import { isHmac, isRingAlgorithm } from './domain/algorithm.js';
import type { PublicJwk } from './domain/jwk.js';
import { JwkSetClient } from './jwk-set.client.js';
import { loadConfiguredKeys, type ConfiguredKeys } from './configured-keys.js';
import { KeyRing } from './key-ring.js';
import type { SigningKey, VerifyingKey } from './verifying-key.js';

/**
 * The members of a token's header that choose its key.
 *
 * @publicApi
 */
export interface KeyHeader {
  readonly alg: string;
  readonly kid?: string;
}

/**
 * The keys one of which must have signed a token, or why there is none.
 *
 * @publicApi
 */
export type FoundKeys = readonly VerifyingKey[] | 'algorithm' | 'unknown_key';

/**
 * Which key signs, and which keys may have signed a token with this header. A key of the ring comes before the
 * configured one; each key has one algorithm, compared as text before any key is touched.
 *
 * @publicApi
 */
@Injectable()
export class KeysService {
  private readonly configured: ConfiguredKeys;
  private readonly published: readonly PublicJwk[];
  private readonly remote: JwkSetClient | null;

  /** @throws ConfigError when the configured keys do not fit the algorithm */
  constructor(
    private readonly settings: AuthSettings,
    clock: Clock,
    private readonly ring: KeyRing,
  ) {
    const { algorithm, jwkUrl } = settings;
    this.configured = loadConfiguredKeys(settings);
    for (const warning of weakSecretWarnings(settings, environmentName)) {
      new Logger('KeysService').warn(warning);
    }
    this.published = this.configured.verifying.flatMap(({ jwk }) => jwk ?? []);
    this.remote = jwkUrl && !isHmac(algorithm) ? new JwkSetClient(jwkUrl, algorithm, clock) : null;
  }

  /** The key that signs now: the ring's, or the configured one where the ring has none. */
  get signingKey(): SigningKey {
    return this.ring.signingKey ?? this.configured.signing;
  }

  /**
   * The keys one of which must have signed a token with this header. A `kid` is looked up among the configured keys, in
   * the ring, then in the JWK Set of `JWK_URL`; where neither of the last two exists an unknown one is ignored, as SimpleJWT
   * does. A token without `kid` belongs to the configured keys (contract §12).
   *
   * @throws UnavailableError when the ring, or the JWK Set, cannot be had
   */
  async find({ alg, kid }: KeyHeader): Promise<FoundKeys> {
    const { algorithm } = this.settings;
    if (kid === undefined) return alg === algorithm ? this.configured.verifying : 'algorithm';
    const own = this.configured.verifying.find((one) => one.kid === kid);
    if (own) return alg === algorithm ? [own] : 'algorithm';
    // Nothing is looked up or fetched for an algorithm that neither can have.
    const mayBeOfRing = isRingAlgorithm(alg);
    const mayBeRemote = this.remote !== null && alg === algorithm;
    const key =
      (mayBeOfRing && (await this.ring.find(kid))) ||
      (mayBeRemote && (await this.findRemote(kid))) ||
      (mayBeOfRing && (await this.ring.findNew(kid)));
    if (key) return key.algorithm === alg ? [key] : 'algorithm';
    if (this.remote !== null || !this.ring.isEmpty) {
      return mayBeOfRing || mayBeRemote ? 'unknown_key' : 'algorithm';
    }
    return alg === algorithm ? this.configured.verifying : 'algorithm';
  }

  /** Whether a key that was found before is known to verify still, without a look-up. Never true for another issuer's key. */
  vouchesFor(key: VerifyingKey): boolean {
    return key.source === 'settings' || (key.source === 'ring' && this.ring.vouchesFor(key));
  }

  /**
   * The public part of every key that verifies our tokens, or soon will, for a JWK Set (RFC 7517 §5).
   *
   * @throws UnavailableError when the ring cannot be read
   */
  async publicKeys(): Promise<readonly PublicJwk[]> {
    const ring = await this.ring.publicKeys();
    const kids = new Set(ring.map(({ kid }) => kid));
    return [...ring, ...this.published.filter(({ kid }) => !kids.has(kid))];
  }

  private async findRemote(kid: string): Promise<VerifyingKey | null> {
    const key = await this.remote?.findKey(kid);
    return key ? { source: 'remote', kid, algorithm: this.settings.algorithm, key } : null;
  }
}
