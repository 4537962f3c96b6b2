import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventsModule } from '../events/events.module.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { ThrottlingModule } from '../throttling/throttling.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { PasswordDecoys } from '../login/password-decoys.js';
import { UsersModule } from '../users/users.module.js';
import { AuthSettings } from '../config/auth-settings.js';
import { AccountOwner } from '../authentication/account-owner.js';
import { AuthErrorFilter } from '../http/auth-error.filter.js';
import { AuthToken } from '../authentication/auth-token.entity.js';
import type { Authentication } from '../authentication/authentication.js';
import {
  AUTHENTICATIONS,
  AuthenticationChain,
  HostAuthentications,
} from '../authentication/authentication-chain.js';
import { AuthenticationGuard } from '../guards/authentication.guard.js';
import { DjangoSession } from '../authentication/django-session.entity.js';
import { JwtAuthGuard } from '../guards/jwt-auth.guard.js';
import { JwtAuthentication } from '../authentication/jwt-authentication.js';
import { JwtTokenOnlyAuthentication } from '../authentication/jwt-stateless-authentication.js';
import { JwtStrategy, LocalStrategy, StrategyNames } from '../authentication/passport.js';
import { LocalAuthGuard } from '../guards/local-auth.guard.js';
import { LoginPolicy } from '../login/login-policy.js';
import { LoginService } from '../login/login.service.js';
import { OptionalJwtAuthGuard } from '../guards/optional-jwt-auth.guard.js';
import { RefreshCookie } from '../refresh-cookie/refresh-cookie.service.js';
import { RequestContextPipe } from '../http/request-context.pipe.js';
import { StartCheck } from './start-check.js';
import { StatelessJwtAuthGuard } from '../guards/stateless-jwt-auth.guard.js';
import { TokenViewsService } from '../token-views/token-views.service.js';
import { UnreachedHandlers } from './unreached-handlers.js';

/**
 * The Passport strategies `local` and `jwt`, the authentication classes, the guards, and the service of the token views.
 * The module stands apart from `AuthModule` so that modules with guarded routes can import one and the same instance.
 */
@Module({
  imports: [
    PassportModule,
    TokensModule,
    UsersModule,
    EventsModule,
    LedgerModule,
    ThrottlingModule,
    TypeOrmModule.forFeature([AuthToken, DjangoSession]),
  ],
  providers: [
    AccountOwner,
    AuthErrorFilter,
    ...AUTHENTICATIONS,
    {
      provide: AuthenticationChain,
      inject: [AuthSettings, StrategyNames, HostAuthentications, ...AUTHENTICATIONS],
      useFactory: (
        settings: AuthSettings,
        names: StrategyNames,
        host: HostAuthentications,
        ...ours: Authentication[]
      ) => new AuthenticationChain(settings, names, [...ours, ...host.classes]),
    },
    AuthenticationGuard,
    JwtAuthGuard,
    JwtStrategy,
    JwtTokenOnlyAuthentication,
    LocalAuthGuard,
    LocalStrategy,
    LoginPolicy,
    LoginService,
    OptionalJwtAuthGuard,
    PasswordDecoys,
    RefreshCookie,
    RequestContextPipe,
    StatelessJwtAuthGuard,
    StrategyNames,
    StartCheck,
    TokenViewsService,
    UnreachedHandlers,
  ],
  exports: [
    AccountOwner,
    AuthErrorFilter,
    AuthenticationChain,
    AuthenticationGuard,
    EventsModule,
    JwtAuthentication,
    JwtAuthGuard,
    JwtTokenOnlyAuthentication,
    LedgerModule,
    LocalAuthGuard,
    LocalStrategy,
    LoginService,
    RefreshCookie,
    RequestContextPipe,
    ThrottlingModule,
    TokensModule,
    TokenViewsService,
    UsersModule,
  ],
})
export class AuthenticationModule {}
