import {
  BadRequestException,
  ForbiddenException,
  HttpException,
  NotFoundException,
  UnauthorizedException,
} from '@nestjs/common';

/** An error of a body parser or of the platform's router, as Nest keeps it as the cause of its exception. */
interface PlatformError {
  readonly name: string;
  readonly message: string;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  /** False where the message is not for the caller, who gets the status in words. */
  readonly expose?: unknown;
}

/**
 * Whether Nest itself has thrown an exception; all others come from the host or its pipes. Nest does not mark its own
 * exceptions, but there are only four, each always with the same body: no route, a guard that returns false, a guard of
 * Passport that finds no user, and the wrapper of a platform's error, with that error as the cause.
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
