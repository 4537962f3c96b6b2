import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AuthSettings } from '../config/auth-settings.js';
import type { Algorithm } from '../config/settings.js';
import { isHmac } from './domain/algorithm.js';
import { JwkSetClient } from './jwk-set.client.js';
import { loadKeyPair, type KeyPair } from './key-material.js';

/**
 * Which key signs, and which key verifies a token with this header. One algorithm, fixed by the configuration.
 *
 * @publicApi
 */
@Injectable()
export class KeysService {
  readonly algorithm: Algorithm;
  private readonly pair: KeyPair;
  private readonly remote: JwkSetClient | null;

  /** @throws ConfigError when the configured keys do not fit the algorithm */
  constructor(settings: AuthSettings, clock: Clock) {
    this.algorithm = settings.algorithm;
    this.pair = loadKeyPair(settings);
    this.remote =
      settings.jwkUrl && !isHmac(settings.algorithm)
        ? new JwkSetClient(settings.jwkUrl, settings.algorithm, clock)
        : null;
  }

  /** The key that signs now. */
  get signingKey(): KeyObject {
    return this.pair.signing;
  }

  /**
   * The key that must have signed a token with this `kid`, or null when there is none. Without `JWK_URL` a `kid` is
   * ignored, as SimpleJWT does; with it, a token without `kid` is one of our own (contract §12).
   *
   * @throws UnavailableError when the JWK Set cannot be fetched
   */
  async findVerifyingKey(kid: string | undefined): Promise<KeyObject | null> {
    if (this.remote === null || kid === undefined) return this.pair.verifying;
    return this.remote.findKey(kid);
  }

  /** Whether the key of a token is known here for good, so that a verified token may be remembered. */
  isOwn(kid: string | undefined): boolean {
    return this.remote === null || kid === undefined;
  }
}
