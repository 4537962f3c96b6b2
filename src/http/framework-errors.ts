import {
  BadRequestException,
  ForbiddenException,
  HttpException,
  NotFoundException,
  UnauthorizedException,
} from '@nestjs/common';

/** An error of a body parser, or of the platform's router, as Nest keeps it behind its own. */
interface PlatformError {
  readonly name: string;
  readonly message: string;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  /** False: the message is not for the caller, who gets the status in words. */
  readonly expose?: unknown;
}

/**
 * Whether Nest has thrown this by itself; whatever else is an `HttpException` was made by the host, or by a pipe of its
 * choice. Nest marks what it throws by nothing, but throws few things, each always the same: no route, a guard that says
 * no, a guard of Passport's that knows nobody, and what a platform's error is turned into, with that error as the cause.
 *
 * @param route - method and URL of an HTTP request, as Nest writes them; null on other transports
 */
export function isOfFramework(thrown: HttpException, route: string | null): boolean {
  switch (thrown.constructor) {
    case NotFoundException:
      return route !== null && saysOnly(thrown, new NotFoundException(`Cannot ${route}`));
    case ForbiddenException:
      return saysOnly(thrown, new ForbiddenException('Forbidden resource'));
    case UnauthorizedException:
      return saysOnly(thrown, new UnauthorizedException());
    case BadRequestException:
    case HttpException:
      return isOfPlatform(thrown);
    default:
      return false;
  }
}

function saysOnly(thrown: HttpException, own: HttpException): boolean {
  return JSON.stringify(thrown.getResponse()) === JSON.stringify(own.getResponse());
}

function isOfPlatform(thrown: HttpException): boolean {
  if (!(thrown.cause instanceof Error)) return false;
  const { name, message, status, statusCode, expose }: PlatformError = thrown.cause;
  const isKnown = name === 'FastifyError' || typeof expose === 'boolean' || status === 400;
  return (
    isKnown &&
    (statusCode ?? status) === thrown.getStatus() &&
    (expose === false || message === thrown.message)
  );
}
