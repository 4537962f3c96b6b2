import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { applyExpressRules } from './express.js';
import { applyFastifyRules } from './fastify.js';
import { required } from '../config/module-checks.js';
import { AuthSettings } from '../config/auth-settings.js';
import { ConfigError } from '../config/config-error.js';

/**
 * Makes the views of this package answer as the wire contract demands, on Fastify and on Express: content negotiation,
 * `Allow`, 405, OPTIONS, bodies, paths whose case and slashes count, and an answer within five seconds. The host's own
 * routes stay as they are. Call it before `app.init()` or `app.listen()`; without it the views are there, with the
 * platform's own answers to all that.
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
  const platform = app.getHttpAdapter().getType();
  switch (platform) {
    case 'express':
      return applyExpressRules(app as NestExpressApplication);
    case 'fastify':
      return applyFastifyRules(app as NestFastifyApplication);
    default:
      throw new ConfigError([
        `configureApp: the HTTP platform is "${platform}". Use @nestjs/platform-express or @nestjs/platform-fastify.`,
      ]);
  }
}

/** Routes that are registered already would never hear of the rules. */
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
    // Nest has no question for it: whatever is not there throws.
    return undefined;
  }
}
