import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-jwt';
import { AuthSettings } from '../config/auth-settings.js';
import { runAuthentication } from './authentication.strategy.js';
import type { CredentialSource } from '../transports/credential-source.js';
import { JwtAuthentication } from './jwt-authentication.js';
import { StrategyNames } from './strategy-names.js';

/**
 * passport-jwt under its usual name `jwt`, so that `AuthGuard('jwt')` works as everywhere. The verifying is ours: the
 * token goes through `TokenBackend` and the checks of contract §11 instead of jsonwebtoken alone.
 *
 * @publicApi
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(
    private readonly authentication: JwtAuthentication,
    settings: AuthSettings,
    names: StrategyNames,
  ) {
    const settle = names.claim('jwt');
    super({
      jwtFromRequest: (request) => authentication.findToken(request),
      // Never used: `authenticate` below does not reach passport-jwt's own verifying. It cannot be left out.
      secretOrKey: settings.algorithm,
    });
    settle(this);
  }

  override authenticate(request: CredentialSource): void {
    runAuthentication(this, this.authentication, request);
  }

  /** Required by @nestjs/passport; the user comes from `JwtAuthentication`. */
  validate(user: unknown): unknown {
    return user;
  }
}
