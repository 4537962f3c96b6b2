import { Catch, HttpException, Injectable, Logger } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import type { ClientRequest } from './client-address.js';
import { databaseFault } from '../common/database-fault.js';
import { AuthError, UnavailableError } from '../common/errors.js';
import { answerBeforeEnd, isHangUp } from './unfinished-request.js';
import { AuthSettings } from '../config/auth-settings.js';
import { tokenChallenge } from './challenge.js';
import {
  bodyOf,
  errorObject,
  graphqlError,
  isMadeFor,
  nestErrorObject,
  sendException,
} from './error-forms.js';
import { isOfFramework } from './framework-errors.js';
import { findRequest } from '../transports/request-of.js';
import { RequestContextPipe } from './request-context.pipe.js';

type LoggedRequest = ClientRequest & { readonly method?: string; readonly url?: string };

/**
 * Renders the errors of this package and of the framework as SimpleJWT's body (contract §2–§11) with its headers, and
 * logs why each 401 was given. An unexpected error is a 500 that shows nothing internal; an unreachable database is a
 * 503. An `HttpException` that the host throws keeps its status and its body. Clients of resolvers, gateways and message
 * handlers get the same in the form of their transport: `extensions`, the event `exception`, the error object. Nest's
 * gateways take filters by decorator only.
 *
 * @publicApi
 * @example
 * @WebSocketGateway()
 * @UseGuards(JwtAuthGuard)
 * @UseFilters(AuthErrorFilter)
 * class ChatGateway {}
 */
@Catch()
@Injectable()
export class AuthErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('AuthErrorFilter');
  private readonly challenge: string;

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly contexts: RequestContextPipe,
    settings: AuthSettings,
  ) {
    this.challenge = tokenChallenge(settings);
  }

  /** @returns what Nest wants of a filter: an observable for messages, nothing else */
  catch(thrown: unknown, host: ArgumentsHost): unknown {
    const type = host.getType<string>();
    if (isMadeFor(type, thrown)) return passOn(type, thrown, host);
    const error = this.isOfHost(thrown, host) ? thrown : this.toAuthError(thrown, host);
    this.log(error, thrown, host);
    switch (type) {
      case 'graphql':
        throw graphqlError(error);
      case 'ws':
        return sendException(host, errorObject(error));
      case 'rpc':
        return throwError(() => errorObject(error));
      default:
        return this.reply(error, host);
    }
  }

  private toAuthError(thrown: unknown, host: ArgumentsHost): AuthError {
    // An unreachable database gives errors with the same code.
    return host.getType() === 'http' && isHangUp(thrown, host.getArgByIndex(0))
      ? new AuthError('parse_error', { reason: 'aborted', cause: thrown })
      : toAuthError(thrown);
  }

  private isOfHost(thrown: unknown, host: ArgumentsHost): thrown is HttpException {
    if (!(thrown instanceof HttpException) || thrown instanceof AuthError) return false;
    if (host.getType() !== 'http') return !isOfFramework(thrown, null);
    const { httpAdapter } = this.adapterHost;
    const request: unknown = host.getArgByIndex(0);
    const method = String(httpAdapter.getRequestMethod(request));
    return !isOfFramework(thrown, `${method} ${String(httpAdapter.getRequestUrl(request))}`);
  }

  private reply(error: HttpException, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const response: unknown = host.getArgByIndex(1);
    if (httpAdapter.isHeadersSent(response)) return;
    const status = error.getStatus();
    const headers = error instanceof AuthError ? error.headers : {};
    const hasChallenge =
      'www-authenticate' in headers ||
      // The host may have set one.
      (!(error instanceof AuthError) && httpAdapter.getHeader?.(response, 'WWW-Authenticate'));
    // The token views name a challenge as well, although they read no header (contract §6).
    if (status === 401 && !hasChallenge) {
      httpAdapter.setHeader(response, 'WWW-Authenticate', this.challenge);
    }
    for (const [name, value] of Object.entries(headers)) {
      httpAdapter.setHeader(response, name, value);
    }
    // Fastify drops the content type that was set before an error.
    httpAdapter.setHeader(response, 'Content-Type', 'application/json');
    answerBeforeEnd(host.getArgByIndex(0), host.getArgByIndex(1));
    httpAdapter.reply(response, bodyOf(error), status);
  }

  private log(error: HttpException, thrown: unknown, host: ArgumentsHost): void {
    const status = error.getStatus();
    const request = findRequest(host) as LoggedRequest;
    // The query string stays out of the log: a client may have put a token there.
    const entry = {
      event: 'refused',
      status,
      reason: error instanceof AuthError ? error.reason : 'host',
      method: request.method ?? host.getType<string>(),
      path: request.url?.split('?')[0],
      ip: this.contexts.transform(request).ip,
    };
    if (status >= 500) {
      const cause = error.cause ?? thrown;
      this.logger.error(entry, cause instanceof Error ? cause.stack : undefined);
    } else if (status === 401 || status === 403 || status === 429) this.logger.log(entry);
  }
}

/** An error that the host made for this transport goes out as the host made it. */
function passOn(type: string, thrown: unknown, host: ArgumentsHost): unknown {
  if (type === 'graphql') throw thrown;
  const payload = nestErrorObject(thrown);
  return type === 'ws' ? sendException(host, payload) : throwError(() => payload);
}

function toAuthError(thrown: unknown): AuthError {
  if (thrown instanceof AuthError) return thrown;
  const fault = databaseFault(thrown);
  if (fault !== null) return new UnavailableError(fault, { cause: thrown });
  const status = statusOf(thrown);
  if (status === 413) return new AuthError('payload_too_large');
  if (status === 404) return new AuthError('not_found');
  if (status === 403) return new AuthError('permission_denied', { reason: 'framework' });
  if (status !== null && status >= 400 && status < 500) {
    const detail = thrown instanceof Error ? thrown.message : undefined;
    const code = status === 401 ? 'not_authenticated' : 'parse_error';
    return new AuthError(code, { detail, status, reason: 'framework' });
  }
  if (status === 503) return new UnavailableError('framework', { cause: thrown });
  return new AuthError('server_error', { body: { error: 'Server Error (500)' }, cause: thrown });
}

/** The status of an error of Nest or of the platform. */
function statusOf(thrown: unknown): number | null {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const { statusCode } = (thrown ?? {}) as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : null;
}
