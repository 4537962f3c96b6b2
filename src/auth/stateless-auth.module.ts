import { Module, type DynamicModule } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import {
  SettingsModule,
  type SettingsAsyncOptions,
  type SettingsOptions,
} from '../config/settings.module.js';
import { IssuerKeys } from '../keys/issuer-keys.js';
import { KeysService } from '../keys/keys.service.js';
import { TokenBackend } from '../tokens/token-backend.js';
import { TokensService } from '../tokens/tokens.service.js';
import { AuthErrorFilter } from '../http/auth-error.filter.js';
import { JwtTokenOnlyAuthentication } from '../authentication/jwt-stateless-authentication.js';
import { RequestContextPipe } from '../http/request-context.pipe.js';
import { UnreachedHandlers } from './unreached-handlers.js';

/**
 * For a service that only verifies the tokens of another: `StatelessJwtAuthGuard` with the keys of the issuer's JWK Set.
 * Such a service has no users, no sessions and no database; log-out and deactivation count from the token's `exp` on.
 *
 * @example
 * StatelessAuthModule.forRoot({ jwkUrl: 'https://login.example/.well-known/jwks.json', algorithm: 'ES256' })
 *
 * @publicApi
 */
@Module({})
export class StatelessAuthModule {
  /** @throws ConfigError without `jwkUrl`, or with an algorithm that has no public keys */
  static forRoot(options: SettingsOptions): DynamicModule {
    return verifying(SettingsModule.forRoot(options));
  }

  /** Settings made by a factory. Throws as `forRoot` does. */
  static forRootAsync(options: SettingsAsyncOptions): DynamicModule {
    return verifying(SettingsModule.forRootAsync(options));
  }
}

function verifying(settings: DynamicModule): DynamicModule {
  return {
    module: StatelessAuthModule,
    global: true,
    imports: [settings, JwtModule.register({})],
    providers: [
      AuthErrorFilter,
      JwtTokenOnlyAuthentication,
      RequestContextPipe,
      TokenBackend,
      TokensService,
      UnreachedHandlers,
      { provide: KeysService, useClass: IssuerKeys },
    ],
    exports: [AuthErrorFilter, JwtTokenOnlyAuthentication, RequestContextPipe, TokensService],
  };
}
