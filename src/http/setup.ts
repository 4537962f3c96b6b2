import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { applyToExpress } from './express.js';
import { applyToFastify } from './fastify.js';
import { ViewRules } from './view-rules.js';
import { required } from '../config/module-checks.js';
import { AuthSettings } from '../config/auth-settings.js';
import { ConfigError } from '../config/config-error.js';

/**
 * Makes the views of this package answer as the wire contract demands, on Fastify and on Express: content negotiation,
 * `Allow`, 405, OPTIONS, bodies, paths whose case and slashes count, and an answer within five seconds. The host's own
 * routes stay as they are. Call it before `app.init()` or `app.listen()`; without it the views
 * exist, with the platform's own answers in all these cases.
 *
 * @publicApi
 * @throws ConfigError on another HTTP platform, without `AuthModule`, or when it is too late
 * @example
 * const app = await NestFactory.create(AppModule);
 * configureApp(app);
 * await app.listen(3000);
 */
export function configureApp(app: INestApplication): void {
  requireTime(app);
  required(findSettings(app), 'configureApp');
  const apply = rulesFor(app);
  const adapter = app.getHttpAdapter();
  const init = adapter.init?.bind(adapter);
  let isApplied = false;
  // When the adapter starts the global prefix is known, what the host has mounted itself stands before the rules, and no
  // route is registered yet.
  adapter.init = async () => {
    await init?.();
    if (!isApplied) apply(new ViewRules(app));
    isApplied = true;
  };
}

function rulesFor(app: INestApplication): (rules: ViewRules) => void {
  const platform = app.getHttpAdapter().getType();
  switch (platform) {
    case 'express':
      return (rules) => applyToExpress(app as NestExpressApplication, rules);
    case 'fastify':
      return (rules) => applyToFastify(app as NestFastifyApplication, rules);
    default:
      throw new ConfigError([
        `configureApp: the HTTP platform is "${platform}". Use @nestjs/platform-express or @nestjs/platform-fastify.`,
      ]);
  }
}

/** The rules do not reach routes that are registered already. */
function requireTime(app: INestApplication): void {
  if (!(app as unknown as { isInitialized?: boolean }).isInitialized) return;
  throw new ConfigError([
    'configureApp is called when the application is initialised already. Call it before app.init() and app.listen().',
  ]);
}

function findSettings(app: INestApplication): AuthSettings | undefined {
  try {
    return app.get(AuthSettings, { strict: false });
  } catch {
    // Nest cannot be asked whether a provider exists: `get` throws where it does not.
    return undefined;
  }
}
