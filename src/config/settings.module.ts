import { ConfigurableModuleBuilder, Global, Module } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock.js';
import { AuthSettings } from './auth-settings.js';
import { isProduction } from './production.js';
import { fromOptions, resolveSettings } from './resolve-settings.js';
import type { SettingsInput } from './settings.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<SettingsInput>().setClassMethodName('forRoot').build();

/** Options of `SettingsModule.forRoot`. */
export type SettingsOptions = typeof OPTIONS_TYPE;
/** Options of `SettingsModule.forRootAsync`. */
export type SettingsAsyncOptions = typeof ASYNC_OPTIONS_TYPE;

/**
 * Checks the settings once, at start, and provides them with the clock to every module of this package. It is global
 * because the feature modules are plain classes that a host imports by name.
 */
@Global()
@Module({
  providers: [
    {
      provide: AuthSettings,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: SettingsInput) =>
        // What is refused in production is refused in a host too.
        resolveSettings(fromOptions(options), isProduction()),
    },
    { provide: Clock, useClass: SystemClock },
  ],
  exports: [AuthSettings, Clock],
})
export class SettingsModule extends ConfigurableModuleClass {}
