import type { AuthSettings } from './auth-settings.js';
import { ConfigError } from './config-error.js';

/**
 * Refuses a module that is imported by its class alone: only its `forRoot` brings the settings.
 *
 * @throws ConfigError
 */
export function requireForRoot(settings: AuthSettings | undefined, module: string): void {
  if (settings !== undefined) return;
  throw new ConfigError([
    `${module} is imported without its settings. Example: imports: [${module}.forRoot({ signingKey: process.env.SIGNING_KEY })]`,
  ]);
}

/**
 * A dependency that `AuthModule` provides. It is injected as optional, so that this error can explain its absence: Nest's
 * own error names a class that the host has never heard of.
 *
 * @param user - the class that needs it
 * @throws ConfigError
 */
export function required<T>(dependency: T | undefined, user: string): T {
  if (dependency !== undefined) return dependency;
  throw new ConfigError([
    `${user} is used, and AuthModule is not part of the application. Import it once, in the root module. Example: imports: [AuthModule.forRoot({ signingKey: process.env.SIGNING_KEY })]`,
  ]);
}
