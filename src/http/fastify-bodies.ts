import type { FastifyInstance, FastifyRequest, preParsingHookHandler } from 'fastify';
import { AuthError } from '../common/errors.js';
import { RawBody } from './request-body.js';

/**
 * The content type that a body has between the two hooks below. Fastify chooses the parser by content type and for the
 * whole server; under a type of their own the views' bodies have their own parser, and the host keeps its parsers.
 */
const RAW_TYPE = 'application/vnd.nest-simplejwt.raw';

/**
 * Makes Fastify read bodies without parsing them, on the routes that get the hook. A request without a body gets an
 * empty one.
 *
 * @param limit - bytes
 * @returns the hook
 */
export function keepBodiesRaw(fastify: FastifyInstance, limit: number): preParsingHookHandler {
  const types = new WeakMap<FastifyRequest, { readonly contentType: string | undefined }>();

  fastify.addContentTypeParser(
    RAW_TYPE,
    { parseAs: 'buffer', bodyLimit: limit },
    (request, body, done) => {
      const sent = types.get(request);
      // Somebody sent this type to a route of the host.
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
