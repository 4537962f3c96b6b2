export { AccountModule } from './account/account.module.js';
export { AccountController } from './account/account.controller.js';
export { AccountService } from './account/account.service.js';
export { ChangePasswordDto } from './account/dto/change-password.dto.js';
export { ProfileResponse } from './account/dto/profile-response.dto.js';
export { SessionsController } from './account/sessions.controller.js';
export { AdminController } from './admin/admin.controller.js';
export { AdminModule } from './admin/admin.module.js';
export { AdminService, type StaffRequest } from './admin/admin.service.js';
export { StaffGuard } from './admin/staff.guard.js';
export { configureApp } from './http/setup.js';
export { AuthErrorFilter } from './http/auth-error.filter.js';
export { AuthModule, type AuthModuleExtras } from './auth/auth.module.js';
export { AuthToken } from './authentication/auth-token.entity.js';
export { Authentication, type Authenticated } from './authentication/authentication.js';
export type { AuthenticatedUser } from './users/authenticated-user.js';
export type { CredentialSource } from './transports/credential-source.js';
export { AuthenticationGuard } from './guards/authentication.guard.js';
export { Fields } from './http/fields.decorator.js';
export { JwtAuthGuard } from './guards/jwt-auth.guard.js';
export type { TokenUser } from './authentication/jwt-stateless-authentication.js';
export { JwtStrategy, LocalStrategy } from './authentication/passport.js';
export { LocalAuthGuard } from './guards/local-auth.guard.js';
export { storedUser, type LoggedInUser } from './login/logged-in-user.js';
export { LoginHooks } from './login/login-hooks.js';
export { OptionalJwtAuthGuard } from './guards/optional-jwt-auth.guard.js';
export { Public } from './guards/public.decorator.js';
export { RequestContextPipe } from './http/request-context.pipe.js';
export { CurrentToken, CurrentUser, FromClient } from './guards/request.decorators.js';
export type { AuthOverrides, Override } from './auth/overrides.js';
export {
  setClientCredentials,
  type ClientCredentials,
  type GuardedRequest,
} from './transports/guarded-request.js';
export { StatelessAuthModule } from './auth/stateless-auth.module.js';
export { StatelessJwtAuthGuard } from './guards/stateless-jwt-auth.guard.js';
export type { TokenPaths } from './token-views/token-view.js';
export { TokenController } from './token-views/token.controller.js';
export { TokenViewsService } from './token-views/token-views.service.js';
export { SessionResponse, StaffSessionResponse } from './session-views/dto/session-response.dto.js';
export { SessionPresenter, type SessionResponsePage } from './session-views/session-presenter.js';
export { TokenObtainPairDto } from './login/dto/token-obtain-pair.dto.js';
export {
  TokenRefreshDto,
  TokenBlacklistDto,
  TokenVerifyDto,
  TokenRefreshSlidingDto,
} from './token-views/dto/token-requests.dto.js';
export {
  EmptyResponse,
  SlidingTokenResponse,
  TokenPairResponse,
  TokenRefreshResponse,
} from './token-views/dto/token-responses.dto.js';
export { UseAuthentication } from './guards/use-authentication.decorator.js';
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
export { ConfigError } from './config/config-error.js';
export type { Settings, SettingsInput } from './config/settings.js';
export type { AuthenticationClass } from './config/package-settings.js';
export { AUTH_MIGRATIONS } from './database/migrations.js';
export { AUTH_ENTITIES, AUTH_TABLES } from './auth/entities.js';
export type { Actor, Cause } from './events/domain/security-event.js';
export { HealthModule } from './health/health.module.js';
export { JwksController } from './jwks/jwks.controller.js';
export { JwksModule } from './jwks/jwks.module.js';
export {
  KeyRotationService,
  type RetireOptions,
  type KeyChange,
  type KeyDescription,
} from './keys/key-rotation.service.js';
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
} from './passwords/django-password-hasher.js';
export { PasswordHasher, type CandidateCheck } from './passwords/password-hasher.js';
export { PasswordPolicy } from './passwords/password-policy.js';
export { UserAuthenticationRule } from './users/user-authentication-rule.js';
export { UserStore, type AuthUser } from './users/user-store.js';
export type { UserTable } from './users/user-table.js';
export { userTriggers, type WatchedUserTable } from './users/user-triggers.js';
export { User } from './users/user.entity.js';
export { UsersModule } from './users/users.module.js';
export { UsersService } from './users/users.service.js';
