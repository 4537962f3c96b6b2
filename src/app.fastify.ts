import type { CanActivate } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { describeView, methodNotAllowed, negotiationProblem } from './auth/http-rules.js';
import { collectHttpViews, type HttpViewPath } from './auth/http-views.js';
import { RawBody } from './common/request-body.js';

type Done = (error?: Error) => void;
type RequestHook = (request: FastifyRequest, reply: FastifyReply, done: Done) => void;

/**
 * Applies the HTTP rules of contract §2 to the views of an application on Fastify, and leaves bodies raw until the
 * guards have passed. Call it before `app.init()`: routes get their hooks when they are registered.
 *
 * @param maxBodySize - bytes
 */
export function applyFastifyRules(app: NestFastifyApplication, maxBodySize: number): void {
  const fastify = app.getHttpAdapter().getInstance();
  const views = collectHttpViews(app);
  const byRoute = new Map(views.map((view) => [withoutEndSlash(view.path), view]));
  const viewAt = pathFinder(views);

  // Tells Nest that a parser is there, then puts a plainer one in its place: Nest wraps each in an async scope.
  fastify.removeAllContentTypeParsers();
  app.useBodyParser('*');
  fastify.removeContentTypeParser('*');
  fastify.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: maxBodySize },
    (request, body, done) => {
      done(null, new RawBody(body as Buffer, request.headers['content-type']));
    },
  );
  fastify.addHook('onRoute', function onRoute(route) {
    const view = byRoute.get(withoutEndSlash(route.url));
    if (!view) return;
    route.onRequest = [answerHeaders(view), ...[route.onRequest ?? []].flat()];
    // Nest drops the slash at the end of a path; clients of SimpleJWT send it.
    if (view.path.endsWith('/') && !route.url.endsWith('/') && route.method !== 'HEAD') {
      addSlashed(this, route);
    }
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff');
    const view = request.is404 ? viewAt(pathOf(request.url)) : undefined;
    if (!view) return done();
    answerHeaders(view)(request, reply, (error) => {
      if (error) return done(error);
      answerOtherMethod(app, view, request, reply).catch(done);
    });
  });
}

/** Headers of every answer of a view, then content negotiation. */
function answerHeaders(view: HttpViewPath): RequestHook {
  const headers = {
    allow: view.allow,
    'content-type': 'application/json',
  };
  return (request, reply, done) => {
    // The serializer keeps Fastify from adding a charset to the content type (contract: none is sent).
    reply.headers(headers).serializer(JSON.stringify);
    const format = (request.query as Record<string, unknown>)['format'];
    const problem = negotiationProblem({ accept: request.headers.accept, format });
    if (problem) done(problem);
    else done();
  };
}

/** A method without a handler: guard, then OPTIONS or 405 (contract §2). */
async function answerOtherMethod(
  app: NestFastifyApplication,
  view: HttpViewPath,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  for (const guard of view.guards) {
    const context = new ExecutionContextHost([request, reply]);
    context.setType('http');
    await app.get<CanActivate>(guard, { strict: false }).canActivate(context);
  }
  if (request.method !== 'OPTIONS') throw methodNotAllowed(request.method);
  await reply.code(200).send(describeView(view));
}

function addSlashed(fastify: FastifyInstance, route: RouteOptions): void {
  const {
    url,
    path: _path,
    onRequest: _hooks,
    ...rest
  } = route as RouteOptions & { path?: string };
  fastify.route({ ...rest, url: `${url}/` });
}

/** Finds the view of a path that the router did not take, because of its method. */
function pathFinder(views: readonly HttpViewPath[]): (path: string) => HttpViewPath | undefined {
  const fixed = new Map(views.flatMap((view) => spellings(view).map((path) => [path, view])));
  const patterns = views
    .filter((view) => view.path.includes(':'))
    .map((view) => ({ view, pattern: new RegExp(`^${view.path.replaceAll(/:\w+/g, '[^/]+')}$`) }));
  return (path) => fixed.get(path) ?? patterns.find(({ pattern }) => pattern.test(path))?.view;
}

/** A path that ends in a slash is served without it as well: clients would repeat a redirected POST as GET. */
function spellings({ path }: HttpViewPath): string[] {
  return path.endsWith('/') ? [path, withoutEndSlash(path)] : [path];
}

function withoutEndSlash(path: string): string {
  return path.endsWith('/') && path !== '/' ? path.slice(0, -1) : path;
}

function pathOf(url: string): string {
  const [path = ''] = url.split('?', 1);
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
