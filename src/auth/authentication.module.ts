import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LedgerModule } from '../ledger/ledger.module.js';
import { ThrottlingModule } from '../throttling/throttling.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { PasswordDecoys } from '../users/password-decoys.js';
import { UsersModule } from '../users/users.module.js';
import { AccountOwner } from './account-owner.js';
import { AuthErrorFilter } from './auth-error.filter.js';
import { AuthToken } from './auth-token.entity.js';
import { AuthenticationChain } from './authentication-chain.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { BasicAuthentication } from './basic-authentication.js';
import { DemoUser } from './demo-user.js';
import { DjangoSession } from './django-session.entity.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { JwtAuthentication } from './jwt-authentication.js';
import {
  JwtStatelessAuthentication,
  JwtTokenOnlyAuthentication,
} from './jwt-stateless-authentication.js';
import { JwtStrategy } from './jwt.strategy.js';
import { LocalAuthGuard } from './local-auth.guard.js';
import { LocalStrategy } from './local.strategy.js';
import { LoginService } from './login.service.js';
import { OptionalJwtAuthGuard } from './optional-jwt-auth.guard.js';
import { RefreshCookie } from './refresh-cookie.service.js';
import { RequestContextPipe } from './request-context.pipe.js';
import { SessionAuthentication } from './session-authentication.js';
import { StartCheck } from './start-check.js';
import { StatelessJwtAuthGuard } from './stateless-jwt-auth.guard.js';
import { StrategyNames } from './strategy-names.js';
import { TokenAuthentication } from './token-authentication.js';
import { TokenViewsService } from './token-views.service.js';
import { UnreachedHandlers } from './unreached-handlers.js';
import { UsersFixture } from './users-fixture.js';

/**
 * The Passport strategies `local` and `jwt`, the authentication classes, the guards, and what the token views do. It
 * stands apart from `AuthModule` so that modules with guarded routes can import one and the same instance.
 */
@Module({
  imports: [
    PassportModule,
    TokensModule,
    UsersModule,
    LedgerModule,
    ThrottlingModule,
    TypeOrmModule.forFeature([AuthToken, DjangoSession]),
  ],
  providers: [
    AccountOwner,
    AuthErrorFilter,
    AuthenticationChain,
    AuthenticationGuard,
    BasicAuthentication,
    DemoUser,
    JwtAuthentication,
    JwtAuthGuard,
    JwtStatelessAuthentication,
    JwtStrategy,
    JwtTokenOnlyAuthentication,
    LocalAuthGuard,
    LocalStrategy,
    LoginService,
    OptionalJwtAuthGuard,
    PasswordDecoys,
    RefreshCookie,
    RequestContextPipe,
    SessionAuthentication,
    StatelessJwtAuthGuard,
    StrategyNames,
    StartCheck,
    TokenAuthentication,
    TokenViewsService,
    UnreachedHandlers,
    UsersFixture,
  ],
  exports: [
    AccountOwner,
    AuthErrorFilter,
    AuthenticationChain,
    AuthenticationGuard,
    DemoUser,
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
    UsersFixture,
    UsersModule,
  ],
})
export class AuthenticationModule {}
