import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AuthSettings } from '../config/auth-settings.js';

/** How long a browser may cache the answer to a preflight, in seconds. */
const PREFLIGHT_AGE = 600;

/**
 * Lets the pages of `ALLOWED_ORIGINS` read the answers of this server (Fetch §3.3); an empty list adds nothing. Only the
 * server uses this: another application calls Nest's `enableCors`. Call it before `configureApp`.
 *
 * The server does not use `enableCors`: @fastify/cors treats every OPTIONS request as a preflight, but a view must answer
 * an OPTIONS request that is none (contract §2).
 */
export function allowOrigins(app: NestFastifyApplication): void {
  const { allowedOrigins, authHeaderName } = app.get(AuthSettings);
  if (allowedOrigins.length === 0) return;
  const authorization = authHeaderName.slice('HTTP_'.length).replaceAll('_', '-').toLowerCase();
  const preflight = {
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers': `${authorization}, content-type`,
    'access-control-max-age': String(PREFLIGHT_AGE),
  };
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', (request, reply, done) => {
    // A cache must not give the answer for one origin to a page of another.
    reply.header('vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !allowedOrigins.includes(origin)) return done();
    reply.headers({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'Link, Retry-After, WWW-Authenticate, X-Total-Count',
    });
    const isPreflight =
      request.method === 'OPTIONS' &&
      request.headers['access-control-request-method'] !== undefined;
    if (isPreflight) reply.code(204).headers(preflight).send();
    else done();
  });
}
