import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { ANSWER_LIMIT, fastifyDeadline, hasAnswerLimit } from './deadline.js';
import { keepBodiesRaw } from './fastify-bodies.js';
import { ViewAnswers } from './view-answers.js';
import { describeView, negotiationProblem } from './rules.js';
import { HttpViewPaths, withoutEndSlash } from './view-paths.js';
import { collectHttpViews, type HttpViewPath } from './views.js';
import { AuthSettings } from '../config/auth-settings.js';

type Done = (error?: Error) => void;
/** Methods whose bodies Fastify does not read. */
const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS']);

type RequestHook = (request: FastifyRequest, reply: FastifyReply, done: Done) => void;

/**
 * Applies the HTTP rules of contract §2 to the views of an application on Fastify, and leaves their bodies raw until the
 * guards have passed. Call it before `app.init()`: routes get their hooks when they are registered.
 */
export function applyFastifyRules(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const answers = new ViewAnswers(app);
  const views = knownViews(app);
  const hideBody = keepBodiesRaw(fastify, app.get(AuthSettings).maxBodySize);
  const deadline: RequestHook[] = hasAnswerLimit(fastify) ? [] : [deadlineHook()];

  fastify.addHook('onRoute', function onRoute(route) {
    const view = views().byRoute.get(withoutEndSlash(route.url));
    if (!view) return;
    route.onRequest = [...deadline, answerHeaders(view), ...[route.onRequest ?? []].flat()];
    if (!BODILESS.has(String(route.method))) {
      route.preParsing = [hideBody, ...[route.preParsing ?? []].flat()];
    }
    route.errorHandler = (error, request, reply) => answers.refuse(error, request, reply);
    // Nest drops the slash at the end of a path; clients of SimpleJWT send it.
    if (view.path.endsWith('/') && !route.url.endsWith('/') && route.method !== 'HEAD') {
      addSlashed(this, route);
    }
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    const found = request.is404 ? views().paths.find(request.url) : undefined;
    if (!found) return done();
    answerHeaders(found.view)(request, reply, (problem) => {
      const answered = problem
        ? Promise.reject(problem)
        : answers.checkOtherMethod(found.view, request, reply);
      answered.then(
        () => reply.code(200).send(describeView(found.view)),
        (error: unknown) => answers.refuse(error, request, reply),
      );
    });
  });
}

interface KnownViews {
  readonly byRoute: ReadonlyMap<string, HttpViewPath>;
  readonly paths: HttpViewPaths;
}

/** The views, looked for when the first route is registered: by then the host has set its prefix. */
function knownViews(app: NestFastifyApplication): () => KnownViews {
  let known: KnownViews | undefined;
  return () => {
    if (known) return known;
    const views = collectHttpViews(app);
    known = {
      byRoute: new Map(views.map((view) => [withoutEndSlash(view.path), view])),
      paths: new HttpViewPaths(views),
    };
    return known;
  };
}

/** Headers of every answer of a view, then content negotiation. */
function answerHeaders(view: HttpViewPath): RequestHook {
  const headers = {
    allow: view.allow,
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
  };
  return (request, reply, done) => {
    // The serializer keeps Fastify from adding a charset to the content type (contract: none is sent).
    reply.headers(headers).serializer(JSON.stringify);
    const format = (request.query as Record<string, unknown>)['format'];
    const { accept } = request.headers;
    const problem = negotiationProblem({ accept, format, mediaType: view.info.mediaType });
    if (problem) done(problem);
    else done();
  };
}

function deadlineHook(): RequestHook {
  const watch = fastifyDeadline(ANSWER_LIMIT);
  return (_request, reply, done) => {
    watch(reply);
    done();
  };
}

function addSlashed(fastify: FastifyInstance, route: RouteOptions): void {
  const {
    url,
    path: _path,
    onRequest: _hooks,
    preParsing: _bodies,
    ...rest
  } = route as RouteOptions & { path?: string };
  fastify.route({ ...rest, url: `${url}/` });
}
