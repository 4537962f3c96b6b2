import type { FastifyReply } from 'fastify';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { ANSWER_LIMIT, limitAnswerTime } from '../http/deadline.js';
import { ERRORS } from '../common/errors.js';
import { requirePackages } from '../config/optional-packages.js';

/** In seconds. A slow client must not hold a connection for ever. */
const TIMEOUTS = { headers: 10, request: 30, keepAlive: 72, check: 2 };

/**
 * The HTTP adapter of the server, with its limits and timeouts. The defaults of Fastify's router are those of the
 * contract: paths are case-sensitive, and a slash at the end counts. An application that imports the modules brings its
 * own adapter and need not install Fastify.
 *
 * @throws ConfigError when `@nestjs/platform-fastify` is not installed
 */
export async function createAdapter(): Promise<FastifyAdapter> {
  requirePackages('The server', ['@nestjs/platform-fastify']);
  const platform = await import('@nestjs/platform-fastify');
  const adapter = new platform.FastifyAdapter({
    requestTimeout: TIMEOUTS.request * 1000,
    keepAliveTimeout: TIMEOUTS.keepAlive * 1000,
    http: {
      headersTimeout: TIMEOUTS.headers * 1000,
      // Node checks connections at this interval; its default of 30 s would double the time of a slow client.
      connectionsCheckingInterval: TIMEOUTS.check * 1000,
    },
    // An id that is too long, or a path that cannot be decoded, is a 404 here: the router's answers would echo the path.
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
