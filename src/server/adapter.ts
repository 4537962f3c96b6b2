import type { FastifyReply } from 'fastify';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { ANSWER_LIMIT, limitAnswerTime } from '../http/deadline.js';
import { ERRORS } from '../common/errors.js';
import { requirePackages } from '../config/optional-packages.js';

/** Seconds. Slow clients must not hold connections for ever. */
const TIMEOUTS = { headers: 10, request: 30, keepAlive: 72, check: 2 };

/**
 * The server's own HTTP adapter: limits and timeouts. The router's defaults are the contract's: case and slashes count.
 * A host brings an adapter of its own, and need not have this one's package.
 *
 * @throws ConfigError where that is not installed
 */
export async function createAdapter(): Promise<FastifyAdapter> {
  requirePackages('The server', ['@nestjs/platform-fastify']);
  const platform = await import('@nestjs/platform-fastify');
  const adapter = new platform.FastifyAdapter({
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
    // Requests that arrive while the server closes are answered; see stop.ts.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  });
  const fastify = adapter.getInstance();
  fastify.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff');
    done();
  });
  limitAnswerTime(fastify, ANSWER_LIMIT);
  return adapter;
}
