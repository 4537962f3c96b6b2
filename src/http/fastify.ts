import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  preParsingHookHandler,
  RouteOptions,
} from 'fastify';
import { ANSWER_LIMIT, fastifyDeadline, hasAnswerLimit } from './deadline.js';
import { RawBody } from './request-body.js';
import type { ViewRules } from './view-rules.js';
import type { HttpViewPath } from './views.js';
import { AuthError } from '../common/errors.js';

/** Methods whose bodies Fastify does not read. */
const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * The content type that a body has between the two hooks of {@link keepBodiesRaw}. Fastify chooses the parser by content
 * type and for the whole server; under a type of its own a view's body has a parser of its own, and the host keeps its
 * parsers.
 */
const RAW_TYPE = 'application/vnd.nest-simplejwt.raw';

/**
 * Applies the rules to the views on Fastify, and leaves their bodies raw until the guards have passed. The routes of views
 * carry the rules themselves: the host's own routes pay nothing for them, and keep their place where a view has a parameter.
 */
export function applyToFastify(app: NestFastifyApplication, rules: ViewRules): void {
  const fastify = app.getHttpAdapter().getInstance();
  const hideBody = keepBodiesRaw(fastify, rules.maxBodySize);
  const watch = hasAnswerLimit(fastify)
    ? null
    : fastifyDeadline(ANSWER_LIMIT, (reply, error) => rules.refuse(error, reply.request, reply));
  const serving = (view: HttpViewPath) => {
    const headers = {
      allow: view.allow,
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
    };
    return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
      watch?.(reply);
      // The serializer keeps Fastify from adding a charset to the content type (contract: none is sent).
      reply.headers(headers).serializer(JSON.stringify);
      if (rules.admit(view, request, reply)) done();
    };
  };

  fastify.addHook('onRoute', function onRoute(route) {
    const view = rules.paths.ofRoute(route.url);
    if (!view) return;
    const { onRequest = [], preParsing = [] } = route;
    // Nest drops the slash at the end of a path; clients of SimpleJWT send it.
    if (view.path.endsWith('/') && !route.url.endsWith('/') && route.method !== 'HEAD') {
      const { path: _path, ...rest } = route as RouteOptions & { path?: string };
      this.route({ ...rest, url: `${route.url}/` });
    }
    route.onRequest = [serving(view), ...[onRequest].flat()];
    if (!BODILESS.has(String(route.method))) route.preParsing = [hideBody, ...[preParsing].flat()];
    route.errorHandler = (error, request, reply) => rules.refuse(error, request, reply);
  });
  // Methods of a view that no route has.
  fastify.addHook('onRequest', (request, reply, done) => {
    const found = request.is404 ? rules.paths.find(request.url) : undefined;
    if (found) serving(found.view)(request, reply, done);
    else done();
  });
}

/**
 * Makes Fastify read bodies without parsing them, on the routes that get the hook. A request without a body gets an
 * empty one.
 *
 * @param limit - bytes
 * @returns the hook
 */
function keepBodiesRaw(fastify: FastifyInstance, limit: number): preParsingHookHandler {
  const types = new WeakMap<FastifyRequest, { readonly contentType: string | undefined }>();

  fastify.addContentTypeParser(
    RAW_TYPE,
    { parseAs: 'buffer', bodyLimit: limit },
    (request, body, done) => {
      const sent = types.get(request);
      // A client has sent this very type to a route of the host.
      if (!sent) return done(new AuthError('unsupported_media_type'));
      const { contentType } = sent;
      if (contentType === undefined) delete request.headers['content-type'];
      else request.headers['content-type'] = contentType;
      done(null, new RawBody(body as Buffer, contentType));
    },
  );
  return (request, _reply, payload, done) => {
    types.set(request, { contentType: request.headers['content-type'] });
    request.headers['content-type'] = RAW_TYPE;
    done(null, payload);
  };
}
