export { AccountModule } from './account/account.module.js';
export { AccountController } from './account/account.controller.js';
export { SessionsController } from './account/sessions.controller.js';
export { AdminController } from './admin/admin.controller.js';
export { AdminModule } from './admin/admin.module.js';
export { StaffGuard } from './admin/staff.guard.js';
export { configureApp } from './app.setup.js';
export { AuthErrorFilter } from './auth/auth-error.filter.js';
export { AuthModule, type AuthModuleExtras } from './auth/auth.module.js';
export { AuthToken } from './auth/auth-token.entity.js';
export type { AuthenticatedUser } from './auth/authenticated-user.js';
export { AuthenticationGuard } from './auth/authentication.guard.js';
export { FieldsPipe } from './auth/fields.pipe.js';
export { JwtAuthGuard } from './auth/jwt-auth.guard.js';
export type { TokenUser } from './auth/jwt-stateless-authentication.js';
export { JwtStrategy } from './auth/jwt.strategy.js';
export { LocalAuthGuard } from './auth/local-auth.guard.js';
export { LocalStrategy } from './auth/local.strategy.js';
export { LoginHooks } from './auth/login-hooks.js';
export { RequestContextPipe } from './auth/request-context.pipe.js';
export { CurrentToken, CurrentUser, FromClient } from './auth/request.decorators.js';
export type { TokenPaths } from './auth/token-paths.js';
export { TokenController } from './auth/token.controller.js';
export { Clock, SystemClock } from './common/clock.js';
export {
  AuthError,
  ERRORS,
  InvalidTokenError,
  UnavailableError,
  ValidationError,
  type ErrorCode,
} from './common/errors.js';
export type { RequestContext } from './common/request-context.js';
export { AuthSettings } from './config/auth-settings.js';
export { ConfigError } from './config/resolve-settings.js';
export type { Settings, SettingsInput } from './config/settings.js';
export { AUTH_MIGRATIONS } from './database/migrations.js';
export { AUTH_ENTITIES } from './entities.js';
export { HealthModule } from './health/health.module.js';
export { KeysService } from './keys/keys.service.js';
export { BlacklistedToken } from './ledger/blacklisted-token.entity.js';
export { OutstandingToken } from './ledger/outstanding-token.entity.js';
export { RefreshTokenLedger } from './ledger/refresh-token-ledger.js';
export { Session } from './ledger/session.entity.js';
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
export { PasswordHasher } from './users/password-hasher.js';
export { UserAuthenticationRule } from './users/user-authentication-rule.js';
export { UserStore, type AuthUser } from './users/user-store.js';
export { User } from './users/user.entity.js';
export { UsersModule } from './users/users.module.js';
export { UsersService } from './users/users.service.js';
