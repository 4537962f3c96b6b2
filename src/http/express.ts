import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ANSWER_LIMIT, answerDeadline, isOver } from './deadline.js';
import { answerPlainly, readBody } from './express-bodies.js';
import { ViewAnswers } from './view-answers.js';
import { describeView, negotiationProblem } from './rules.js';
import { HttpViewPaths, type FoundView } from './view-paths.js';
import { collectHttpViews } from './views.js';
import { AuthError } from '../common/errors.js';
import { RawBody } from './request-body.js';
import { AuthSettings } from '../config/auth-settings.js';

/** What Express makes of Node's request, as far as the rules look at it. */
type ExpressRequest = IncomingMessage & {
  url: string;
  readonly query: Readonly<Record<string, unknown>>;
  body?: unknown;
};

/** A request with its response. */
interface Exchange {
  readonly request: ExpressRequest;
  readonly response: ServerResponse;
}

/**
 * Applies the HTTP rules of contract §2 to the views of an application on Express, by one middleware before the body
 * parsers. It changes the requests and responses of views only, never the Express application: that is the host's.
 */
export function applyExpressRules(app: NestExpressApplication): void {
  const adapter = app.getHttpAdapter();
  const init = adapter.init?.bind(adapter);
  let isMounted = false;
  // By now the prefix is known, and what the host mounts itself stands before; Nest's body parsers come behind.
  adapter.init = async () => {
    await init?.();
    if (isMounted) return;
    isMounted = true;
    const rules = new ExpressRules(app);
    app.use((request: ExpressRequest, response: ServerResponse, next: () => void) => {
      rules.apply({ request, response }, next);
    });
  };
}

class ExpressRules {
  private readonly paths: HttpViewPaths;
  private readonly answers: ViewAnswers;
  private readonly maxBodySize: number;
  private readonly watch = answerDeadline<Exchange>(ANSWER_LIMIT, {
    isAnswered: ({ response }) => isOver(response),
    requestOf: ({ request }) => request,
    refuse: (exchange, error) => this.refuse(exchange, error),
  });

  constructor(app: NestExpressApplication) {
    this.paths = new HttpViewPaths(collectHttpViews(app));
    this.answers = new ViewAnswers(app);
    this.maxBodySize = app.get(AuthSettings).maxBodySize;
  }

  apply(exchange: Exchange, next: () => void): void {
    const { url } = exchange.request;
    const found = this.paths.find(url);
    if (found) this.serve(found, exchange, next);
    else if (this.paths.isMisspelt(url)) this.refuse(exchange, new AuthError('not_found'));
    else next();
  }

  private serve(found: FoundView, exchange: Exchange, next: () => void): void {
    const { request, response } = exchange;
    this.watch(exchange);
    answerPlainly(request, response);
    response.setHeader('Allow', found.view.allow);
    this.prepare(found, exchange).then(
      (isRouted) => {
        // The deadline may have spoken meanwhile.
        if (isRouted && !isOver(response)) next();
      },
      (error: unknown) => this.refuse(exchange, error),
    );
  }

  /** @returns whether the request goes on to its handler */
  private async prepare(
    { view, routePath }: FoundView,
    { request, response }: Exchange,
  ): Promise<boolean> {
    const problem = negotiationProblem({
      accept: request.headers.accept,
      format: request.query['format'],
      mediaType: view.info.mediaType,
    });
    if (problem) throw problem;
    if (!view.methods.has(request.method ?? '')) {
      await this.answers.checkOtherMethod(view, request, response);
      response.end(JSON.stringify(describeView(view)));
      return false;
    }
    // A parser of the host's own may have come first; what it has read counts.
    if (request.body === undefined && !request.readableEnded) {
      const bytes = await readBody(request, response, this.maxBodySize);
      request.body = new RawBody(bytes, request.headers['content-type']);
    }
    const query = request.url.indexOf('?');
    request.url = routePath + (query < 0 ? '' : request.url.slice(query));
    return true;
  }

  private refuse({ request, response }: Exchange, error: unknown): void {
    answerPlainly(request, response);
    this.answers.refuse(error, request, response);
  }
}
