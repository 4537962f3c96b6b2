export { AccountModule } from './account/account.module.js';
export { AccountController } from './account/account.controller.js';
export { AccountService, type OwnSessionPage } from './account/account.service.js';
export { ChangePasswordDto } from './account/dto/change-password.dto.js';
export { ProfileResponse } from './account/dto/profile-response.dto.js';
export { SessionsController } from './account/sessions.controller.js';
export { AdminController } from './admin/admin.controller.js';
export { AdminModule } from './admin/admin.module.js';
export { AdminService, type StaffRequest, type StaffSessionPage } from './admin/admin.service.js';
export { StaffGuard } from './admin/staff.guard.js';
export { configureApp } from './app.setup.js';
export { AuthErrorFilter } from './auth/auth-error.filter.js';
export { AuthModule, type AuthModuleExtras } from './auth/auth.module.js';
export { AuthToken } from './auth/auth-token.entity.js';
export type { AuthenticatedUser, CredentialSource } from './auth/authenticated-user.js';
export { AuthenticationGuard } from './auth/authentication.guard.js';
export { FieldsPipe } from './auth/fields.pipe.js';
export { JwtAuthGuard } from './auth/jwt-auth.guard.js';
export type { TokenUser } from './auth/jwt-stateless-authentication.js';
export { JwtStrategy } from './auth/jwt.strategy.js';
export { LocalAuthGuard } from './auth/local-auth.guard.js';
export { LocalStrategy } from './auth/local.strategy.js';
export { storedUser, type LoggedInUser } from './auth/logged-in-user.js';
export { LoginHooks } from './auth/login-hooks.js';
export { OptionalJwtAuthGuard } from './auth/optional-jwt-auth.guard.js';
export { Public } from './auth/public.decorator.js';
export { RequestContextPipe } from './auth/request-context.pipe.js';
export { CurrentToken, CurrentUser, FromClient } from './auth/request.decorators.js';
export type { AuthOverrides, Override } from './auth/overrides.js';
export {
  setClientCredentials,
  type ClientCredentials,
  type GuardedRequest,
} from './auth/guarded-request.js';
export { StatelessAuthModule } from './auth/stateless-auth.module.js';
export { StatelessJwtAuthGuard } from './auth/stateless-jwt-auth.guard.js';
export type { TokenPaths } from './auth/token-paths.js';
export { TokenController } from './auth/token.controller.js';
export { TokenViewsService } from './auth/token-views.service.js';
export { SessionResponse, StaffSessionResponse } from './auth/dto/session-response.dto.js';
export { TokenBlacklistDto } from './auth/dto/token-blacklist.dto.js';
export { TokenObtainPairDto } from './auth/dto/token-obtain-pair.dto.js';
export { TokenRefreshSlidingDto } from './auth/dto/token-refresh-sliding.dto.js';
export { TokenRefreshDto } from './auth/dto/token-refresh.dto.js';
export {
  EmptyResponse,
  SlidingTokenResponse,
  TokenPairResponse,
  TokenRefreshResponse,
} from './auth/dto/token-responses.dto.js';
export { TokenVerifyDto } from './auth/dto/token-verify.dto.js';
export { UseAuthentication } from './auth/use-authentication.decorator.js';
export { Clock, SystemClock } from './common/clock.js';
export {
  AuthError,
  ERRORS,
  InvalidTokenError,
  UnavailableError,
  ValidationError,
  type AuthErrorOptions,
  type ErrorCode,
} from './common/errors.js';
export type { RequestContext } from './common/request-context.js';
export { AuthSettings } from './config/auth-settings.js';
export { ConfigError } from './config/resolve-settings.js';
export type { AuthenticationClass, Settings, SettingsInput } from './config/settings.js';
export { AUTH_MIGRATIONS } from './database/migrations.js';
export { AUTH_ENTITIES, AUTH_TABLES } from './entities.js';
export type { Actor, Cause } from './events/security-event.js';
export { HealthModule } from './health/health.module.js';
export { JwksController } from './jwks/jwks.controller.js';
export { JwksModule } from './jwks/jwks.module.js';
export type { KeyChange, KeyDescription } from './keys/key-description.js';
export { KeyRotationService, type RetireOptions } from './keys/key-rotation.service.js';
export { KeysModule } from './keys/keys.module.js';
export { KeysService, type FoundKeys, type KeyHeader } from './keys/keys.service.js';
export { RotateKeysTask } from './keys/rotate-keys.task.js';
export type { SigningKey, VerifyingKey } from './keys/verifying-key.js';
export { BlacklistedToken } from './ledger/blacklisted-token.entity.js';
export { OutstandingToken } from './ledger/outstanding-token.entity.js';
export {
  RefreshTokenLedger,
  type ExtendOutcome,
  type IssuedToken,
  type PresentedToken,
  type Refusal,
  type SessionInfo,
  type SessionPage,
  type SpendOutcome,
} from './ledger/refresh-token-ledger.js';
export type { PageRequest } from './ledger/session-page.js';
export { Session } from './ledger/session.entity.js';
export { OAuthController } from './oauth/oauth.controller.js';
export { OAuthModule } from './oauth/oauth.module.js';
export type { Claims } from './tokens/domain/compact.js';
export {
  AccessToken,
  RefreshToken,
  SlidingToken,
  UntypedToken,
  type TokenKind,
} from './tokens/domain/token-kind.js';
export { Counters } from './throttling/counters.js';
export { ThrottlingModule } from './throttling/throttling.module.js';
export { TokenBackend } from './tokens/token-backend.js';
export { TokensService } from './tokens/tokens.service.js';
export { TokenClaims, type ClaimsSubject } from './tokens/token-claims.js';
export type { StaffVerdict } from './users/domain/standing.js';
export type { UserProperties } from './users/entity-table.js';
export { EntityUserStore } from './users/entity-user-store.js';
export {
  DjangoPasswordHasher,
  type DjangoPasswordHasherOptions,
} from './users/django-password-hasher.js';
export {
  PasswordHasher,
  type CandidateCheck,
  type PasswordCheck,
} from './users/password-hasher.js';
export { PasswordPolicy } from './users/password-policy.js';
export { UserAuthenticationRule } from './users/user-authentication-rule.js';
export { UserStore, type AuthUser } from './users/user-store.js';
export type { UserTable } from './users/user-table.js';
export { userTriggers, type WatchedUserTable } from './users/user-triggers.js';
export { User } from './users/user.entity.js';
export { UsersModule } from './users/users.module.js';
export { UsersService } from './users/users.service.js';
