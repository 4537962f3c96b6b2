import type { FastifyReply } from 'fastify';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { limitAnswerTime } from './app.deadline.js';
import { applyFastifyRules } from './app.fastify.js';
import { openApiDocument } from './app.openapi.js';
import { ERRORS } from './common/errors.js';
import { AuthSettings } from './config/auth-settings.js';

/**
 * Seconds. Slow clients must not hold connections for ever; and whatever the database does, a request is answered within
 * five seconds (design §7).
 */
const TIMEOUTS = { headers: 10, request: 30, keepAlive: 72, answer: 4.2, check: 2 };

/** The HTTP server: limits and timeouts. The router's defaults are the contract's: case and slashes count. */
export function createAdapter(): FastifyAdapter {
  const adapter = new FastifyAdapter({
    requestTimeout: TIMEOUTS.request * 1000,
    keepAliveTimeout: TIMEOUTS.keepAlive * 1000,
    http: {
      headersTimeout: TIMEOUTS.headers * 1000,
      // Node looks only so often; its usual 30 s would double what a slow client is allowed.
      connectionsCheckingInterval: TIMEOUTS.check * 1000,
    },
    // An id that is too long, or a path that cannot be decoded, names nothing: the router's own answers would echo it.
    routerOptions: { maxParamLength: 16_384 },
    frameworkErrors: (_error: unknown, _request: unknown, reply: FastifyReply) => {
      void reply
        .code(404)
        .header('content-type', 'application/json')
        .header('x-content-type-options', 'nosniff')
        .serializer(JSON.stringify)
        .send({ detail: ERRORS.not_found.detail });
    },
    // Requests that arrive while the server closes are answered; see app.shutdown.ts.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  });
  limitAnswerTime(adapter.getInstance(), TIMEOUTS.answer * 1000);
  return adapter;
}

/**
 * Makes the application answer as the wire contract demands: parsers, content negotiation, `Allow`, 405.
 * Call it before `app.init()` or `app.listen()`.
 *
 * @publicApi
 */
export function configureApp(app: NestFastifyApplication): void {
  applyFastifyRules(app, app.get(AuthSettings).maxBodySize);
}

/** Serves the OpenAPI description and its page under `/docs`. */
export function serveOpenApi(app: NestFastifyApplication): void {
  // Made when it is first asked for: it costs time and memory that most servers never need.
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'docs/openapi.json',
  });
}
