import {
  Module,
  Optional,
  type DynamicModule,
  type ModuleMetadata,
  type Provider,
  type Type,
} from '@nestjs/common';
import { AuthSettings } from '../config/auth-settings.js';
import {
  SettingsModule,
  type SettingsAsyncOptions,
  type SettingsOptions,
} from '../config/settings.module.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { PasswordPolicy } from '../passwords/password-policy.js';
import { UsersModule } from '../users/users.module.js';
import { AuthenticationModule } from './authentication.module.js';
import { seamProviders, type AuthOverrides } from './overrides.js';
import { RefreshCookieInterceptor } from '../refresh-cookie/refresh-cookie.interceptor.js';
import { RefreshCookie } from '../refresh-cookie/refresh-cookie.service.js';
import { controllerAtPaths } from '../token-views/controller-at-paths.js';
import { requireForRoot } from '../config/module-checks.js';
import type { TokenPaths } from '../token-views/token-view.js';
import { TokenController } from '../token-views/token.controller.js';

/**
 * What shapes the module itself, and so must be known before any factory runs.
 *
 * @publicApi
 */
export interface AuthModuleExtras {
  /** Other paths for some of the token views. */
  readonly paths?: Partial<TokenPaths>;
  /** A subclass whose methods take the place of the token views'; their decorators need not be repeated. */
  readonly tokenController?: Type<TokenController>;
  /** The host's classes in the place of ours: the user store, the claims, the hooks … */
  readonly overrides?: AuthOverrides;
  /** Modules that provide what the factory, the overrides and the controller inject. */
  readonly imports?: ModuleMetadata['imports'];
}

/**
 * Log-in, refresh, verify and blacklist: the token views with all that they and the guards need. Import it once, in the
 * root module: it is global, so that guards work in every module.
 *
 * @publicApi
 */
@Module({})
export class AuthModule {
  /** @throws ConfigError where the class is imported as it is */
  constructor(@Optional() settings?: AuthSettings) {
    requireForRoot(settings, 'AuthModule');
  }

  /**
   * Settings given as values; SimpleJWT's names in camelCase.
   *
   * @throws ConfigError
   */
  static forRoot(options: SettingsOptions & AuthModuleExtras = {}): DynamicModule {
    const { paths, tokenController, overrides, imports, ...settings } = options;
    return authModule(SettingsModule.forRoot(settings), {
      paths,
      tokenController,
      overrides,
      imports,
    });
  }

  /**
   * Settings made by a factory; what is not a setting is given beside it.
   *
   * @throws ConfigError
   */
  static forRootAsync(options: SettingsAsyncOptions & AuthModuleExtras): DynamicModule {
    const { paths, tokenController, overrides, ...settings } = options;
    return authModule(SettingsModule.forRootAsync(settings), {
      paths,
      tokenController,
      overrides,
      imports: options.imports,
    });
  }
}

function authModule(
  settings: DynamicModule,
  { paths = {}, tokenController = TokenController, overrides = {}, imports = [] }: AuthModuleExtras,
): DynamicModule {
  const seams = seamProviders(overrides);
  const controller = controllerAtPaths(tokenController, paths);
  return {
    module: AuthModule,
    global: true,
    imports: [...imports, settings, AuthenticationModule, LedgerModule, UsersModule],
    providers: [...seams.providers, PasswordPolicy, cookieMode(controller)],
    exports: [...seams.exports, PasswordPolicy, AuthenticationModule],
    controllers: [controller],
  };
}

/** Wraps the cookie mode around the views where the settings, which a factory may have to make first, switch it on. */
function cookieMode(controller: Type<TokenController>): Provider {
  return {
    provide: RefreshCookieInterceptor,
    inject: [RefreshCookie],
    useFactory: (cookie: RefreshCookie) => RefreshCookieInterceptor.wrap(controller, cookie),
  };
}
