import { Module, type DynamicModule } from '@nestjs/common';
import {
  SettingsModule,
  type SettingsAsyncOptions,
  type SettingsOptions,
} from '../config/settings.module.js';
import { AuthenticationModule } from './authentication.module.js';
import { withTokenPaths } from './relocated-controller.js';
import type { TokenPaths } from './token-paths.js';
import { TokenController } from './token.controller.js';

/** What decides about routes, and so must be known before any factory runs. */
export interface AuthModuleExtras {
  /** Other paths for some of the token views. */
  readonly paths?: Partial<TokenPaths>;
}

/**
 * Log-in, refresh, verify and blacklist: the token views with all that they and the guards need.
 *
 * @publicApi
 */
@Module({})
export class AuthModule {
  /** Settings given as values; SimpleJWT's names in camelCase. */
  static forRoot(options: SettingsOptions & AuthModuleExtras = {}): DynamicModule {
    return withSettings(SettingsModule.forRoot(options), options);
  }

  /** Settings made by a factory; paths are given beside it. */
  static forRootAsync(options: SettingsAsyncOptions & AuthModuleExtras): DynamicModule {
    return withSettings(SettingsModule.forRootAsync(options), options);
  }
}

function withSettings(settings: DynamicModule, { paths }: AuthModuleExtras): DynamicModule {
  return {
    module: AuthModule,
    imports: [settings, AuthenticationModule],
    exports: [AuthenticationModule],
    controllers: [withTokenPaths(TokenController, paths ?? {})],
  };
}
