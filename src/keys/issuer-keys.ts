import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AuthSettings } from '../config/auth-settings.js';
import { ConfigError } from '../config/config-error.js';
import { isHmac } from './domain/algorithm.js';
import { JwkSetClient } from './jwk-set.client.js';
import type { FoundKeys, KeyHeader, KeysService } from './keys.service.js';
import type { SigningKey } from './verifying-key.js';

/**
 * Takes the place of `KeysService` where an application signs nothing itself: the keys of the JWK Set at `JWK_URL`, and no
 * others.
 */
@Injectable()
export class IssuerKeys implements Pick<KeysService, 'find' | 'signingKey' | 'vouchesFor'> {
  private readonly remote: JwkSetClient;

  /** @throws ConfigError without `jwkUrl`, or with an algorithm that has no public keys */
  constructor(
    private readonly settings: AuthSettings,
    clock: Clock,
  ) {
    const { algorithm, jwkUrl } = settings;
    if (jwkUrl === null || isHmac(algorithm)) {
      throw new ConfigError([
        `StatelessAuthModule needs jwkUrl and an algorithm with public keys, and has ${jwkUrl === null ? 'no jwkUrl' : algorithm}. Example: StatelessAuthModule.forRoot({ jwkUrl: 'https://login.example/.well-known/jwks.json', algorithm: 'ES256' })`,
      ]);
    }
    this.remote = new JwkSetClient(jwkUrl, algorithm, clock);
  }

  /** @throws ConfigError always: the private key is the issuer's */
  get signingKey(): SigningKey {
    throw new ConfigError([
      'StatelessAuthModule has no key to sign with. Import AuthModule in the application that issues tokens.',
    ]);
  }

  /** @throws UnavailableError when the JWK Set cannot be fetched */
  async find({ alg, kid }: KeyHeader): Promise<FoundKeys> {
    const { algorithm } = this.settings;
    // Compared before anything is fetched or any key is touched.
    if (alg !== algorithm) return 'algorithm';
    if (kid === undefined) return 'unknown_key';
    const key = await this.remote.findKey(kid);
    return key ? [{ source: 'remote', kid, algorithm, key }] : 'unknown_key';
  }

  /** Never: the issuer may have retired a key since. */
  vouchesFor(): boolean {
    return false;
  }
}
