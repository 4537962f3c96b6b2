import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ANSWER_LIMIT, answerDeadline, isOver } from './deadline.js';
import { RawBody } from './request-body.js';
import type { ViewRules } from './view-rules.js';
import { AuthError } from '../common/errors.js';

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
 * Applies the rules to the views on Express, by one middleware before the body parsers. The middleware changes the
 * requests and responses of views only, never the Express application: that is the host's.
 */
export function applyToExpress(app: NestExpressApplication, rules: ViewRules): void {
  const watch = answerDeadline<Exchange>(ANSWER_LIMIT, {
    isAnswered: ({ response }) => isOver(response),
    requestOf: ({ request }) => request,
    refuse: ({ request, response }, error) => rules.refuse(error, request, response),
  });
  app.use((request: ExpressRequest, response: ServerResponse, next: () => void) => {
    const found = rules.paths.find(request.url);
    const isMisspelt = !found && rules.paths.isMisspelt(request.url);
    if (!found && !isMisspelt) return next();
    answerPlainly(request, response);
    if (!found) return rules.refuse(new AuthError('not_found'), request, response);
    watch({ request, response });
    response.setHeader('Allow', found.view.allow);
    if (!rules.admit(found.view, request, response)) return;
    keepBodyRaw(request, response, rules.maxBodySize).then(
      () => {
        // The deadline may have passed meanwhile.
        if (isOver(response)) return;
        const query = request.url.indexOf('?');
        request.url = found.routePath + (query < 0 ? '' : request.url.slice(query));
        next();
      },
      (error: unknown) => rules.refuse(error, request, response),
    );
  });
}

/**
 * Makes a response of Express send JSON as the contract has it: no charset, no `ETag` with its 304, no `X-Powered-By`.
 * Express has settings for these, for the whole application; this is for one response.
 */
function answerPlainly(request: IncomingMessage, response: ServerResponse): void {
  const send = (body?: unknown): ServerResponse => {
    // An answer that comes after the deadline's.
    if (response.headersSent) return response;
    if (body === undefined || body === null) {
      response.removeHeader('Content-Type');
      return response.end();
    }
    const text = JSON.stringify(body);
    // Express adds a charset to whatever is set through it.
    const [type = ''] = String(response.getHeader('Content-Type')).split(';', 1);
    response.setHeader('Content-Type', type);
    response.setHeader('Content-Length', Buffer.byteLength(text));
    return request.method === 'HEAD' ? response.end() : response.end(text);
  };
  Object.assign(response, { json: send, send });
  response.removeHeader('X-Powered-By');
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('X-Content-Type-Options', 'nosniff');
}

/** Reads the body for the view, unless a parser of the host's own came first: what that has read counts. */
async function keepBodyRaw(
  request: ExpressRequest,
  response: ServerResponse,
  limit: number,
): Promise<void> {
  if (request.body !== undefined || request.readableEnded) return;
  const bytes = await readBody(request, response, limit);
  request.body = new RawBody(bytes, request.headers['content-type']);
}

/**
 * Reads a body as it is on the wire; it is not inflated.
 *
 * @param limit - bytes
 * @throws AuthError `payload_too_large`, after which the connection is closed: the client may have more to send
 */
function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limit: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (): void => {
      request.off('data', take).off('end', finish).off('error', abort);
    };
    const refuse = (): void => {
      stop();
      response.setHeader('Connection', 'close');
      reject(new AuthError('payload_too_large'));
    };
    const abort = (cause: Error): void => {
      reject(new AuthError('parse_error', { reason: 'aborted', cause }));
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) refuse();
      else chunks.push(chunk);
    };
    const finish = (): void => {
      stop();
      resolve(Buffer.concat(chunks, size));
    };
    if (Number(request.headers['content-length']) > limit) refuse();
    else request.on('data', take).on('end', finish).on('error', abort);
  });
}
