import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CanActivate, INestApplication } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthErrorFilter } from './auth-error.filter.js';
import { accepts } from './negotiation.js';
import { answerBeforeEnd } from './unfinished-request.js';
import { HttpViewPaths } from './view-paths.js';
import { collectHttpViews, type HttpViewPath } from './views.js';
import { AuthError } from '../common/errors.js';
import { AuthSettings } from '../config/auth-settings.js';

/** Media types that bodies may have (contract §3). */
const PARSES = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'];

/** A request of Express or Fastify, as far as the rules look at it. */
export type ViewRequest =
  FastifyRequest | (IncomingMessage & { readonly query: Readonly<Record<string, unknown>> });

/** The HTTP rules of contract §2 for the views of an application, on any platform. */
export class ViewRules {
  readonly paths: HttpViewPaths;
  /** Bytes. */
  readonly maxBodySize: number;
  private readonly render: AuthErrorFilter['catch'];

  /** @param app - its global prefix is known by now */
  constructor(private readonly app: INestApplication) {
    this.paths = new HttpViewPaths(collectHttpViews(app));
    this.maxBodySize = app.get(AuthSettings).maxBodySize;
    const filter = app.get(AuthErrorFilter, { strict: false });
    this.render = filter.catch.bind(filter);
  }

  /**
   * Content negotiation comes before guard, method and body. A request that is not acceptable and a method without a
   * handler are answered here.
   *
   * @returns whether the request goes on to its handler
   */
  admit(
    view: HttpViewPath,
    request: ViewRequest,
    response: ServerResponse | FastifyReply,
  ): boolean {
    const problem = negotiationProblem(view, request);
    if (problem) this.refuse(problem, request, response);
    else if (view.methods.has(request.method ?? '')) return true;
    else {
      this.describe(view, request, response).catch((error: unknown) =>
        this.refuse(error, request, response),
      );
    }
    return false;
  }

  /** Answers with an error: a host need not make our filter global for the errors that come before its controllers. */
  refuse(error: unknown, request: unknown, response: unknown): void {
    this.render(error, contextOf([request, response]));
  }

  /**
   * Answers a method without a handler: guards of the whole controller first, then OPTIONS or 405.
   *
   * @throws AuthError of a guard, or `method_not_allowed`
   */
  private async describe(
    view: HttpViewPath,
    request: ViewRequest,
    response: ServerResponse | FastifyReply,
  ): Promise<void> {
    const context = contextOf([request, response], view);
    for (const guard of view.guards) {
      const instance =
        typeof guard === 'function' ? this.app.get<CanActivate>(guard, { strict: false }) : guard;
      await instance.canActivate(context);
    }
    if (request.method !== 'OPTIONS') {
      const detail = `Method "${request.method ?? ''}" not allowed.`;
      throw new AuthError('method_not_allowed', { detail });
    }
    answerBeforeEnd(request, response);
    const { name, description, mediaType = 'application/json' } = view.info;
    const body = { name, description, renders: [mediaType], parses: PARSES };
    this.app.getHttpAdapter().reply(response, body, 200);
  }
}

function negotiationProblem({ info }: HttpViewPath, request: ViewRequest): AuthError | null {
  const { format } = request.query as Readonly<Record<string, unknown>>;
  const last: unknown = Array.isArray(format) ? format.at(-1) : format;
  const verdict = accepts(
    request.headers.accept,
    typeof last === 'string' ? last : undefined,
    info.mediaType,
  );
  return verdict === 'ok' ? null : new AuthError(verdict);
}

function contextOf(
  args: [request: unknown, response: unknown],
  { controller, handler }: Partial<HttpViewPath> = {},
): ExecutionContextHost {
  const context = new ExecutionContextHost(args, controller, handler as () => unknown);
  context.setType('http');
  return context;
}
