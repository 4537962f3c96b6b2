import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CanActivate, INestApplication } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthErrorFilter } from './auth-error.filter.js';
import { methodNotAllowed } from './rules.js';
import type { HttpViewPath } from './views.js';
import { answerBeforeEnd } from './unfinished-request.js';

/** What the HTTP rules need of a Nest application on any platform, with the platform's own requests and responses. */
export class ViewAnswers {
  private readonly render: AuthErrorFilter['catch'];

  constructor(private readonly app: INestApplication) {
    const filter = app.get(AuthErrorFilter, { strict: false });
    this.render = filter.catch.bind(filter);
  }

  /** Answers with an error: a host need not make our filter global for the errors that come before its controllers. */
  refuse(error: unknown, request: unknown, response: unknown): void {
    this.render(error, contextOf([request, response]));
  }

  /**
   * A method without a handler: guards of the whole controller first, then OPTIONS or 405 (contract §2).
   *
   * @throws AuthError of a guard, or `method_not_allowed`
   */
  async checkOtherMethod(
    view: HttpViewPath,
    request: IncomingMessage | FastifyRequest,
    response: ServerResponse | FastifyReply,
  ): Promise<void> {
    const context = contextOf([request, response], view);
    for (const guard of view.guards) {
      const instance =
        typeof guard === 'function' ? this.app.get<CanActivate>(guard, { strict: false }) : guard;
      await instance.canActivate(context);
    }
    if (request.method !== 'OPTIONS') throw methodNotAllowed(request.method ?? '');
    answerBeforeEnd(request, response);
  }
}

function contextOf(
  args: [request: unknown, response: unknown],
  { controller, handler }: Partial<HttpViewPath> = {},
): ExecutionContextHost {
  const context = new ExecutionContextHost(args, controller, handler as () => unknown);
  context.setType('http');
  return context;
}
