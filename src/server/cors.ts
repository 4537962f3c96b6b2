import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AuthSettings } from '../config/auth-settings.js';

/** Seconds for which a browser may remember a preflight's answer. */
const PREFLIGHT_AGE = 600;

/**
 * Lets the pages of `ALLOWED_ORIGINS` read this server's answers (Fetch §3.3); without any it adds nothing. It is for the
 * server: a host says itself what its application allows, with Nest's `enableCors`. Call it before `configureApp`.
 *
 * Not `enableCors` here: @fastify/cors takes every OPTIONS for a preflight, and views answer others themselves (contract §2).
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
    // Caches must not show one page what is meant for another.
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
